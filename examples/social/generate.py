"""A social feed: posts, shares, replies, reports, and campaigns among them, as JSON lines on standard output.

python examples/social/generate.py --seed 7 --events 500 > events.jsonl
python examples/social/generate.py --events 5_000_000 --gap 0.01 > many.jsonl
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from streams import Domain, Step, write

TOPICS = ("cats", "chess", "bread", "trains", "weather", "tea")


def post(after: int, post: str, user: str, topic: str | None = None, link: str | None = None) -> Step:
    return after, "Post", {"post": post, "user": user, "topic": topic, "link": link}


def share(after: int, post: str, user: str) -> Step:
    return after, "Share", {"post": post, "user": user}


def report(after: int, target: str, user: str, days: int) -> Step:
    return after, "Report", {"target": target, "user": user, "account_days": days}


# ---- the scenarios: what happens in each, and which rules should notice


def trend(rng: random.Random, turn: int) -> list[Step]:
    """Seven people post about one thing within 10 minutes, one of them three times: Trending, once."""
    users = (1, 2, 2, 2, 3, 4, 5, 6, 7)
    return [post(n * 60, f"t{turn}-{n}", f"fan{turn}-{user}", f"eclipse{turn}") for n, user in enumerate(users)]


def viral(rng: random.Random, turn: int) -> list[Step]:
    """A post is shared twelve times within the hour, and removed: GoingViral, SpreadAndRemoved."""
    name = f"v{turn}"
    shares = [share(60 + n * 90, name, f"reader{turn}-{n}") for n in range(12)]
    return [post(0, name, f"author{turn}", "cats"), *shares, (1_500, "Removed", {"post": name, "by": "moderator"})]


def brigade(rng: random.Random, turn: int) -> list[Step]:
    """Six accounts, most of them new, report one person: Brigading."""
    return [report(n * 45, f"ann{turn}", f"b{turn}-{n}", (1, 2, 900, 3, 1, 2)[n]) for n in range(6)]


def annoying(rng: random.Random, turn: int) -> list[Step]:
    """Six old accounts report one person: nothing."""
    return [report(n * 45, f"bob{turn}", f"o{turn}-{n}", 300 + n) for n in range(6)]


def campaign(rng: random.Random, turn: int) -> list[Step]:
    """Six accounts post one link within 2 minutes: SameLink."""
    link = f"https://example.org/{turn}"
    return [post(n * 18, f"c{turn}-{n}", f"bot{turn}-{n}", None, link) for n in range(6)]


def loud(rng: random.Random, turn: int) -> list[Step]:
    """A new account posts six times in 5 minutes: NewAndLoud."""
    user = f"new{turn}"
    return [
        (0, "AccountCreated", {"user": user}),
        *(post(30 + n * 40, f"l{turn}-{n}", user, None, f"https://example.org/l{turn}") for n in range(6)),
    ]


def pester(rng: random.Random, turn: int) -> list[Step]:
    """Seven replies to one person: Pestering, once a day."""
    return [(n * 120, "Reply", {"post": f"r{turn}", "user": f"p{turn}", "to": f"cy{turn}"}) for n in range(7)]


def late_report(rng: random.Random, turn: int) -> list[Step]:
    """Five new accounts report one person, the third of them written late: Brigading only with --lateness."""
    steps = [report(n * 20, f"dan{turn}", f"y{turn}-{n}", 1) for n in range(5)]
    steps[2][2]["late"] = True
    return steps


def ordinary(rng: random.Random, number: int) -> list[Step]:
    """Somebody posts, shares, replies or, seldom, reports."""
    user, other = f"user{int(rng.random() * 60):02d}", f"user{int(rng.random() * 60):02d}"
    kind = number % 8
    if kind in (1, 4):
        name = f"p{number:05d}"
        topic = TOPICS[int(rng.random() * 6)]
        return [post(0, name, user, topic), share(200 + int(rng.random() * 300), name, other)]
    if kind == 7:
        return [report(0, other, user, 20 + int(rng.random() * 900))]
    return [(0, "Reply", {"post": f"p{number - kind + 1:05d}", "user": user, "to": other})]


SCENARIOS = (trend, brigade, viral, loud, late_report, campaign, pester, annoying)
FEED = Domain(
    "A social feed, as JSON lines on standard output.",
    datetime(2026, 7, 1, 18, 0, 0, tzinfo=UTC),
    SCENARIOS,
    ordinary,
    gap=30.0,
    late_by=90,
)

if __name__ == "__main__":
    sys.exit(write(FEED))
