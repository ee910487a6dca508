"""S7: an event whose key is null takes no part and is counted; `per k?` lets null be a key."""

from tests.specification.scenario import found, play

TWO = "rule r when two A per k emit X(k)"


def test_the_key_is_equal_over_all_steps() -> None:
    assert found("rule r when A then B per k emit X()", "a1 k=1 a2 k=2 b1 k=1 b2 k=2 b3 k=3") == [
        "a1 b1 @2",
        "a2 b2 @3",
    ]


def test_a_null_or_missing_key_takes_no_part_and_is_counted() -> None:
    played = play(TWO, "a1 k=null a2 a3 k=1 a4 k=1")
    assert played.found == ["a3 a4 @3"]
    assert played.engine.counters.null_keys["r"] == 2


def test_a_question_mark_lets_null_be_a_key() -> None:
    played = play("rule r when two A per k? emit X(k)", "a1 k=null a2 k=1 a3 a4 k=1")
    assert played.found == ["a1 a3 @2", "a2 a4 @3"]
    assert played.values("k") == [None, 1]
    assert played.engine.counters.null_keys["r"] == 0


def test_one_null_among_several_keys_is_enough() -> None:
    played = play("rule r when two A per k, l emit X()", "a1 k=1 a2 k=1 l=2 a3 k=1 l=2 a4 l=2")
    assert played.found == ["a2 a3 @2"]
    assert played.engine.counters.null_keys["r"] == 2


def test_several_keys() -> None:
    played = play("rule r when two A per k, l emit X(k, l)", "a1 k=1 l=1 a2 k=1 l=2 a3 k=2 l=1 a4 k=1 l=1")
    assert played.found == ["a1 a4 @3"]
    assert played.values("k", "l") == [(1, 1)]
    assert played.derived[0].key == {"k": 1, "l": 1}


def test_fields_with_different_names_by_event_type() -> None:
    rules = "rule r when Payment then Login then Order per card = (Payment.card_no, Login.card) emit X(card)"
    played = play(rules, "Payment card_no=7 card=1 Login card=7 Order card=7")
    assert played.values("card") == [7]


def test_a_nested_key() -> None:
    rules = "rule r when two A per ip = source.ip emit X(ip)"
    played = play(rules, 'a1 source={"ip":"x"} a2 source={"ip":"y"} a3 source={"ip":"x"}')
    assert played.found == ["a1 a3 @2"]
    assert played.values("ip") == ["x"]


def test_windows_have_the_same_keys() -> None:
    rules = "rule r from A per k over last 1 hour when count() >= 2 emit X(k, n = count())"
    played = play(rules, "a1 k=1 a2 a3 k=2 a4 k=1")
    assert played.values("k", "n") == [(1, 2)]
    assert played.engine.counters.null_keys["r"] == 1


def test_absences_have_the_same_keys() -> None:
    played = play("rule r when A then no B for 5 seconds per k emit X(k)", "a1 k=1 a2 a3 k=2 b@3 k=1 z@9")
    assert played.values("k") == [2]


# ---- decisions of grammar/README.md ----


def test_numerically_equal_numbers_are_one_key() -> None:
    assert found(TWO, "a1 k=1 a2 k=1.0") == ["a1 a2 @1"]


def test_text_numbers_and_bools_are_apart() -> None:
    assert found(TWO, 'a1 k=1 a2 k="1" a3 k=true a4 k="true" a5 k=0 a6 k=false') == []


def test_a_list_is_no_key() -> None:
    played = play(TWO, "a1 k=[1] a2 k=[1] a3 k=1 a4 k=1")
    assert played.found == ["a3 a4 @3"]
    assert [letter.position for letter in played.engine.take_dead_letters()] == [1, 2]
