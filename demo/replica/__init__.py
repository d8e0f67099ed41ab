"""A replica of a car-insurance quoting site, for the robot's tests and for the demo.

1. Flow and replica share nothing but the written facts about the site: a robot that gets through
   here was not told the answers.
2. The replica is strict: every trap that was seen on the real site is here, and what a careless
   robot does (a second click, a skipped field) ends up in the record.
3. The broker's account is `corretor@exemplo.com.br` with the password `demo-senha` (constructor
   arguments of `Replica` change them); every other account is refused.

Start it with `python -m demo.replica [--host H] [--port P] [--pace fast|real] [--seed N]
[--record FILE.jsonl]`, or in a test with `with Replica(pace="fast", seed=1) as site:` and then
`site.url`, `site.start_url("manual")`, `site.records()`.
"""

from .scenario import PLATES, TABLE, Scenario
from .server import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica

__all__ = [
    "DEFAULT_EMAIL",
    "DEFAULT_PASSWORD",
    "PLATES",
    "TABLE",
    "Replica",
    "Scenario",
]
