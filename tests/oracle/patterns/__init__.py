"""Patterns by definition: enumerate every reading from every start, then select.

The oracle is slow and meant to be obviously right; it shares no code with the engine. Everything here is a pure
function of all the events there ever are: a reading holds what is bound and where in the pattern that is, and every
question (has this gap been broken, is this step still possible) is answered from the events themselves each time.

The scope: every form of section 3. ``limit`` and the other limits of S13 do not show.

:mod:`~tests.oracle.patterns.standing` where a reading stands, and the roles that follow (sentences 2, 3, 15);
:mod:`~tests.oracle.patterns.readings` from event to event (4 to 10, 12 to 14); :mod:`~tests.oracle.patterns.where`
(11); :mod:`~tests.oracle.patterns.selection` (16); :mod:`~tests.oracle.patterns.keys` (1).

The definition
--------------

1. Each key has the events that hold it, in their order (S1, S7); what follows is about one key. A null key takes part
   only in ``per k?``. Keys are equal as values are: 1 and 1.0 are one key, 1, ``true`` and ``"1"`` are three. The *key
   stream* are those whose type the rule reads, in a step, a ``no`` or an ``until``; ``any(…)`` reads every source type
   (section 3: "among the event types this rule reads").
2. A *reading* is a list of bindings, each an event and the step that takes it, in the order of the events, and the
   place in the pattern where that leaves it. Each event is in it at most once (section 3, ``then``).
3. The *next roles* of a reading are all steps that the pattern allows to be bound next: in a loop another turn once its
   element is complete, up to the maximum, and what follows once it has its minimum; behind an element that may be empty
   also what follows that; of ``or`` the beginnings of each member; of ``and``, ``all of``, ``N of`` those of each member
   that is not done, one member after the other, and after so many members what follows (section 3).
4. An event *fits* a role if all of this holds: its type and the condition of one alternative, which sees what is bound;
   ``within`` of the rule since the first event (S3); ``within`` of each group around the role that has begun, since the
   group's first event (section 3, "a bound on a part"); of a bounded link its minimum for the first event of what
   follows, its maximum for all of it, since the last event before, or the deadline of the absence between (section 3,
   "bounds on one step"); what sentence 5 asks of a strict role, sentence 6 of what must stay away, sentence 11 of
   ``where``. What comes too early does not fit.
5. A role is *strict* if it is the first of what follows ``then immediately``; if it is inside ``consecutive (…)``, but for
   the first that is taken there; if it is in ``n consecutive A``, but for the first (section 3). It fits only the very
   next event of the key stream after the last one bound; once another event has been skipped it is gone.
6. On the way to a role the reading passes the absences written there. ``no B for D`` reaches from the last event bound,
   or the deadline of the ``no … for`` before it, to its own deadline D later, inclusive; the role's event must come
   after that deadline (S4). ``no B`` reaches from the last event bound, or strictly from the deadline of the ``no … for``
   before it, up to the role's event (section 3, "no B between A and C"). An event there that the reading skips and that
   fits B makes the role impossible; it is possible again once the reading has bound another event. An event that takes
   a role is not tested (S12, "counts as that, not as the ``no`` before it"). For a group, ``no (A then B)``, the role is
   impossible once the events skipped there hold a complete reading of the group by these same sentences; it may begin
   at each of them, and its conditions see what the reading around it has bound.
7. For each role that an event fits there is a successor with the event bound (S12, "all readings are kept"). Fits it
   none, the reading skips it ("other events in between are skipped", "an event that fails it is skipped, not fatal").
   The reading also *stays* as it is, beside the successors, if each of the fitting roles is either an ``every``: the first
   behind ``then every``, or a turn of a loop with ``every`` (section 3, "each later B completes its own match", "all
   combinations"); or begins something that is not needed and needs more than this event: a turn of a loop beyond its
   minimum, a member of ``or``, a member of ``and`` and the like. At the start there is no staying, as every event that can
   start a match starts a reading, one for each role that it fits (S11).
8. While a reading is in ``element until stop``, with an event of it bound, each event is first tested as the stop; it sees
   what is bound. When the stop comes, what is left of the element is gone; is the element not complete where the reading
   stands, the reading ends (section 3, "B ends every live run of the group"), else the same event is offered to the
   roles that remain ("and is then offered to the next step"). Where the element is the end of the pattern and can still
   grow, the reading is complete at the stop, with the time of the stop, or at its deadline: the earliest of ``within``
   and of the bounds around (S12, "also ends at the deadline of ``within``").
9. Else a reading is complete at the event with which nothing more is needed, loops at the end at their minimum (S12).
   Then the conjuncts due (sentence 11) and ``having`` must hold. If they do, the reading is a candidate; it goes on only in
   an every-loop at the end, each turn of which completes again. If they do not, it goes on if it can (S12, "the first
   event at which its minimum is reached and ``having`` holds").
10. With absences at the end it is complete at their deadline, if no event between the last one bound and the deadline's
    moment breaks one of them (sentence 6), and the conjuncts due and ``having`` hold. The deadline is that of the last one
    if that has ``for``; else the earliest of ``within`` since the first event and of the bounds around it, but not before
    the deadline of a ``no … for`` before it (section 3, S4). The moment is after all events at the deadline's time (S5),
    so that a B at exactly the deadline cancels (S4). Up to there, and if it does not complete there also later, a
    loop before the absences grows as ever, and all is counted anew (S12, "extends it and restarts the wait").
11. A conjunct of ``where`` is tested when the last step that it names *arrives*: when that binds its event or, if it is
    in a loop of more than one turn, when the outermost such loop ends: when a role outside it is taken, or the
    pattern is complete (section 3). Where that last step is in a member of ``and``, ``all of``, ``N of`` and other named
    steps are in other members, it is tested when all of these have arrived. What does not arrive is not waited for: a
    conjunct whose last step stays unbound is never tested. One that names no step is tested at the first event.
12. ``no B for D`` at the start is read as ``B then no B for D``, with the first B bound under the name and label of B
    (section 3, "silence since the last one"). ``expect B from t for D`` is the same, and for each key of the table there
    is one more reading, in which the time of the first event of all stands in for that B, which is null (S4).
13. Conditions see the bindings in the order of the events: ``prev`` is the last event bound, ``first`` the first of the
    match; of a step in a loop all events of all turns are seen; steps that are not bound are null, as lists empty
    (section 3, S6). An evaluation that fails (S15) counts as not holding.
14. With ``on timeout emit``, each next role of a reading that is not complete has a limit, the earliest of ``within`` and of
    the bounds of sentence 4 around it. When all roles that have not become impossible are past their limits, the reading
    has run out of time at the latest of these (section 3, "the earliest bound that broke", taken of the role that could
    wait longest); is there a role without a limit, it never does. The moment is that of a deadline (sentence 10). What an
    absence, a stop or a strict role ended does not time out, nor what waits for a closing absence or a stop.
    ``matched_steps`` are the steps bound, each once, in the order of their first events; ``missing_step`` is the step of
    the next roles, without those that begin a turn beyond a minimum, as a list in written order if there are several.
15. Of two readings of one start, preference looks at the first event that they treat differently. There, the first
    is what comes first of: in a loop another turn before what follows, in a reluctant one what follows; inner loops
    before outer; members in written order; what may be empty before what follows, if reluctant after it; staying comes
    last, but first where a fitting role begins a turn of a reluctant loop (S12, "ties prefer the longest loop
    (reluctant: the shortest), then written order").
16. Selection (S11): the candidates, time-outs among them, are looked at in the order of the moment, then of the start,
    then of preference. Two with the same events in the same roles at one moment are one. One that was not removed is a
    match. In a rule without ``every`` a match removes all others of its
    start ("a start yields at most one match"). Then its strategy removes candidates that complete later:

    * past last event: those that hold, among their events up to the moment of the match, an event of the match;
    * to next event: those of the same start;
    * to first/last NAME: those whose start is neither before the start of the match nor at or after that event; if NAME
      is not bound, as to next event;
    * no skip, which a rule with ``every`` has unless it says otherwise (S12): none.

Readings of the specification
-----------------------------

a. Sentence 6 with a loop before: a forbidden event after the last event of the loop prevents going on, but an event
   that extends the loop starts the zone anew.
b. Sentence 9: a rejected reading that cannot grow (``three A … having``) is given up; the events of its start are free
   for other starts.
c. Sentence 16: as the event with which a match completes is an event of the match, it starts no run under skip past
   last event; under the other strategies it may.
d. Sentence 6: an early C of ``A then no B for D then C`` is skipped; if it fits B as well, it is a forbidden event. A C
   that fails its ``where`` and fits B is forbidden too.
e. ``within`` bounds the first to the last bound event; a closing wait is not counted (S4).
f. Sentence 6 with a loop before a ``no … for``: the next step *arrives* when its event does. Up to then, after the
   deadline too, events extend the loop, and the deadline is counted anew.
g. Sentence 10: when the deadline passes and ``having``, or a conjunct, does not hold, nothing completes; an event that
   later extends a loop restarts the wait of ``for``, and all is tried again.
h. A loop that has reached its maximum has not *ended* before the next element begins: its conjuncts are tested then.
i. Sentence 6 where a reading stays: its copy that stays has skipped the event, which may therefore break an absence
   there. So ``A then no B then every B`` matches only the first B.
j. Skip to first/last NAME leaves alone the runs that started before the match (they complete later).
k. Alone, ``no B for D`` has the last B as its evidence, under the label of B, and as its ``first`` and ``last`` event; with
   ``then C`` behind, it counts for ``within`` and is used up as every other event.
l. An aggregate without a step, inside a step's condition, ranges over what is bound so far, without the candidate.
m. A list or a map is no key: its event takes no part.
n. Keys that are equal but written differently (1 and 1.0): the match shows that of its first event; in a reading of an
   expected key that was never seen, that of the table.
o. Sentence 5: of ``then immediately`` before an element that is passed over only the link right before the element that is
   entered counts; a group behind ``then immediately`` has its first event strict, whichever of its steps that is.
p. Sentence 7: a turn or member *needs more* if after the event it could not be left at all, or only through an absence.
q. Sentence 7: ``then every B+``, ``then every B{3}`` and ``then three every B`` say the same of the first B: each one begins.
r. Sentence 12: also where the ``no … for`` is reached first by passing over what may be empty; the reading then begins with
   either. ``no (A or B) for D`` binds the one that comes. Behind the start of a never seen key the zone includes that
   time itself: a B there is seen.
s. Sentence 3: members of ``N of`` that may be empty count as done when nothing is left that must come.
t. Sentence 14: where all next roles begin turns beyond a minimum (``3+ A having …``), they are what is missing.
u. Two readings with the same events that differ in which turn of nested loops took them are two; only under ``every``
   can both be matches.
v. The stop of ``until`` is an event of the key stream that is skipped: it may break an absence behind the loop, and what
   follows ``then immediately`` is not the next event behind it.
"""

from tests.oracle.patterns.keys import accepts, by_key, key_of
from tests.oracle.patterns.readings import Match, Reader, scope_of
from tests.oracle.patterns.selection import select

__all__ = ["Match", "Reader", "accepts", "by_key", "key_of", "scope_of", "select"]
