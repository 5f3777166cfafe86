"""Names of personal data, as shipped: what columns and tables are called that hold it, and words that make it harmless.

Each line is a kind and alternatives, separated by blanks: regular expressions over a name in lower case whose words are
joined by ``_``. Kinds follow https://eur-lex.europa.eu/eli/reg/2016/679/oj (articles 4 and 9) and
https://csrc.nist.gov/pubs/sp/800/122/final, and add what monitoring software records.
"""

from __future__ import annotations

from typing import Final

Patterns = tuple[tuple[str, str], ...]
"""(kind, regular expression) pairs. Of a name, words are joined by ``_`` and there is a ``_`` before and after."""


def _read(text: str) -> Patterns:
    """Read ``kind: alternative alternative``; a line that is indented continues the one before."""
    found: list[tuple[str, list[str]]] = []
    for line in text.strip().splitlines():
        kind, colon, rest = line.partition(": ")
        if colon and not line.startswith(" "):
            found.append((kind, rest.split()))
        else:
            found[-1][1].extend(line.split())
    return tuple((kind, f"_(?:{'|'.join(alternatives)})_") for kind, alternatives in found)


COLUMNS: Final = _read(r"""
keystrokes: key_?strokes? key_?logs? key_?log(ged|ger) keys?_(typed|pressed) typed_(text|keys) key_?text
screen content: screen_?shots? screen_?(text|content|capture|recording|image|video|grab|ocr)s? window_titles?
    (page|tab)_titles? window_ocr ocr_text
clipboard: clip_?boards?(_(text|content|data|entry|history|image)s?)? copied_text pasted_text paste_?buffer
private conversations: (message|chat|mail|conversation|comment|sms|dm|msg)_(body|text|content|html) dms
    (private|direct|chat)_messages? transcripts?(_text)? (chat|call|conversation)_(log|history|transcript)s?
    (e_?)?mail_(subject|body) conversation_text message_thread
audio and video: (audio|voice|call|microphone|mic|webcam|camera|video)_(recording|capture|clip|sample|stream|blob)s?
    (audio|voice|microphone|mic|webcam|camera)_(file|uri|url|frame|image)s? voice_?mails? recorded_(call|audio|voice)
location: geo_?(location|point|hash|coord(inate)?)s? gps(_(lat|lon|lng|long|position|point|track)\w*)?
    latitudes? longitudes? lat lng lat_?lo?ng whereabouts
    (home|current|user|device|last|precise)_location home_coordinates?
biometrics: biometrics? biometric_\w+ finger_?prints? face_?(id|print|encoding|embedding|template|vector)s? iris_scan
    retinal?_?scans? voice_?prints? palm_?prints?
health: diagnos[ei]s(_codes?)? icd_?(9|10)?_?codes? icd_?(9|10) medications? prescriptions? medical_\w+
    health_(status|records?|conditions?|data|history)
    patients?(_\w+)? mrn allerg(y|ies) disabilit(y|ies) blood_(type|pressure|group|sugar) heart_?rate(_bpm)? bpm
    pregnan(t|cy) mental_health symptoms? treatment_plans? lab_results? genome genomic_\w+ dna(_\w+)?
financial: credit_?cards?(_\w+)? card_(number|num|no|pan|holder|cvv|cvc|expiry|expiration) pan_number cvv2? cvc iban
    bic_swift swift_code (bank_)?account_(number|no|num) bank_(account|details) routing_(number|no) sort_code
    salar(y|ies) (base|net|gross)_(pay|salary) compensation bonus_amount wages? payslips? (annual_)?income
    credit_scores? net_worth tax_return
government id: ssn social_security(_\w+)? nino national_id(entifier)?(_\w+)? national_insurance(_\w+)? passports?(_\w+)?
    driv(er|ers|ing)_?licen[cs]es?(_\w+)? licen[cs]e_plate tax_?(id|payer_id|number|file_number) tin itin fiscal_code
    codice_fiscale aadhaar(_\w+)? cpf curp personnummer bsn visa_number voter_id id_card(_\w+)?
contact data: (\w+_)?e_?mails?(_?addr(ess(es)?)?)? (tele)?phones?(_(number|num|no|nr|e164)s?)? msisdn tel_(number|no)
    (mobile|cell|fax|home|work)_?(phone|number|no|tel) mobile addr(ess(es)?)? addr(ess)?_(line_?)?[0-9]
    (street|home|postal|mailing|billing|shipping|residential|delivery|customer|employee)_?addr(ess(es)?)?(_(line_?)?[0-9])?
    street(_name)? post_?codes? zip(_?code)? postal_codes? emergency_contact(_\w+)?
name of a person: (first|last|middle|full|maiden|given|family|legal|birth|preferred|sur|fore)_?names? card_?holder_name
    (customer|employee|person|contact|patient|applicant|student|member|guest|sender|recipient|account_?holder)_names?
    (manager|assignee|reviewer|speaker|attendee|participant|caller|display)_names? user_(full|real)_name
personal detail: dob (date|day|place|country|year|month|city)_of_birth birth_?(date|day|year|place|month)s? gender sex
    ethnicit(y|ies) race ethnic_group religions? religious_\w+ sexual_\w+ political_\w+ union_membership
    marital_status nationality citizenship criminal_\w+ convictions?
online identifier: ip_?addr(ess(es)?)? (client|user|remote|source|src|device|host)_ip(v[46])? ip ipv[46]_addr(ess)? imei
    mac_?addr(ess)? imsi idfa gaid advertising_id device_fingerprint browser_fingerprint browsing_history
    visited_urls? search_(query|queries|history)
credentials: passwords?(_hash(es)?)? passwd pwd pass_?phrase secrets?
    (client|mfa|otp|totp|webhook|app)_secret bearer_tokens?
    api_?(keys?|tokens?) access_?keys? (access|refresh|auth|session|oauth|id)_?tokens? private_?keys? ssh_?keys?
    credentials? otp otp_code recovery_codes? security_(answer|question)s? pin_(code|number) session_cookies?
""")

TABLES: Final = _read(r"""
keystrokes: key_?strokes? key_?logs? key_?log(ger)?_events?
screen content: screen_?(shots?|captures?|recordings?|text|content|frames?|grabs?) window_titles?
clipboard: clip_?boards?
private conversations: (private|direct|chat|text|sms)_messages? (chat|call|conversation)_(logs?|history|transcripts?)
    transcripts? conversations? voice_?mails? dms
audio and video: (audio|voice|call|microphone|webcam|camera|video)_(recordings?|captures?|clips?|samples?|frames?)
location: (gps|geo|location)_(points?|pings?|tracks?|traces?|history|fixes) geo_?locations? whereabouts
biometrics: biometrics? finger_?prints? face_?(prints|encodings|embeddings|templates) voice_?prints?
health: patients? patient_\w+ diagnoses prescriptions? medical_\w+ health_records? medications lab_results
financial: salaries payroll payslips? compensation credit_cards? bank_accounts?
government id: passports national_ids driv(er|ing)_?licen[cs]es ssns?
credentials: passwords? credentials api_?keys access_?tokens secrets
""")

_MARKED: Final = (
    r"(?i)(?<!non-)(?<!non )(?<!no )(?<!not )"
    r"\b(pii|phi|personally identifiable|personal data|special category|gdpr|hipaa|sensitive (personal )?data"
    r"|strictly confidential)\b(?! ?[-:=]? ?(no|false|none|free)\b)"
)
COMMENTS: Final[Patterns] = (("marked in its comment", _MARKED),)

MEASURES: Final = frozenset(
    word
    for line in """
    count counts counter cnt total totals sum avg average mean median min max num nr n rate ratio pct percent percentage
    size sizes length len width height depth bytes kb mb ms seconds secs minutes duration latency interval offset index
    idx rank version ver p50 p90 p95 p99 stddev variance
    enabled disabled flag flags status state verified unverified validated valid invalid is has was can should required
    opted optin optout opt consent bounced bounces bounce sent opened open clicked click delivered unsubscribed received
    changed updated created modified expires expired expiry attempts attempt failures failure errors error expiration
    type types kind category class format template templates campaign campaigns provider providers domain domains schema
    policy policies limit quota resolution frequency volume queue job jobs batch bucket bins histogram allocation range
    tokenized masked redacted anonymized pseudonymized encrypted mask quality confidence threshold retention rotation
    hour day week month quarter dropped uptime time times timestamp ts at date
    memory space contract wallet block pool gateway server servers layout orientation brightness refresh
    language locale unit units model driver vendor manufacturer port ports sensor sensors event events test tests
    difference diff delta change trend
    """.splitlines()
    for word in line.split()
)
"""Words beside a sensitive one that make a measure, a switch or a thing of it: ``emails_sent_total``."""
