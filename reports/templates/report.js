// The filter. Its state lives in the address (#?q=role&s=critical,high&v=widened), so that a view can be sent on.
// Without scripts the whole page is there; this only hides what does not match.
(() => {
  "use strict";
  const bar = document.querySelector(".filter");
  if (!bar) return;
  const text = document.getElementById("q");
  const verdict = document.getElementById("verdict");
  const boxes = [...bar.querySelectorAll("input[name=severity]")];
  const shown = document.getElementById("shown");
  const items = [...document.querySelectorAll("[data-severity]")].map((node) => ({
    node,
    words: node.textContent.toLowerCase(),
  }));

  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const item of items) {
      const fits =
        severities.has(item.node.dataset.severity) &&
        (!verdict.value || item.node.dataset.verdict === verdict.value) &&
        words.every((word) => item.words.includes(word));
      item.node.hidden = !fits;
      if (fits) count += 1;
    }
    shown.textContent = `${count} of ${items.length} findings shown`;
  };

  const save = () => {
    const state = new URLSearchParams();
    if (text.value) state.set("q", text.value);
    if (boxes.some((box) => !box.checked)) {
      state.set("s", boxes.filter((box) => box.checked).map((box) => box.value).join(","));
    }
    if (verdict.value) state.set("v", verdict.value);
    const said = state.toString();
    history.replaceState(null, "", said ? `#?${said}` : "#findings");
  };

  const set = (state) => {
    const severities = state.has("s") ? new Set(state.get("s").split(",")) : null;
    text.value = state.get("q") ?? "";
    verdict.value = [...verdict.options].some((one) => one.value === state.get("v")) ? state.get("v") : "";
    for (const box of boxes) box.checked = severities === null || severities.has(box.value);
    apply();
  };

  const follow = () => {
    if (location.hash.startsWith("#?")) {
      set(new URLSearchParams(location.hash.slice(2)));
      document.getElementById("findings").scrollIntoView();
      return;
    }
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.hidden) {
      set(new URLSearchParams());
      target.scrollIntoView();
    }
  };

  const changed = () => {
    apply();
    save();
  };
  text.addEventListener("input", changed);
  verdict.addEventListener("change", changed);
  for (const box of boxes) box.addEventListener("change", changed);
  document.getElementById("clear").addEventListener("click", () => {
    set(new URLSearchParams());
    save();
  });
  addEventListener("hashchange", follow);
  bar.hidden = false;
  apply();
  follow();
})();
