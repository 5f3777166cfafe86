"""The live side: what AWS answers, or a recording of its answers, as facts.

There is one way only: ``collect`` asks AWS and gives ``Answer`` values, ``recording.read`` gives the same values out of
a file, and ``facts.build`` makes a lake of them. It cannot tell where they came from.
"""
