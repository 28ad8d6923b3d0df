import numpy as np

from twelvelead.output.report.mistakes import confident_mistakes, drawn

Y = np.array([[1, 0], [0, 0], [0, 1], [1, 1]], bool)
P = np.array([[0.1, 0.2], [0.8, 0.7], [0.9, 0.6], [0.3, 0.01]])


def told(mistakes):
    return [(mistake.record, mistake.column, mistake.kind) for mistake in mistakes]


def test_the_surest_of_each_kind_and_class_come_first():
    found = confident_mistakes(Y, P, P >= 0.5, [0, 1])
    assert told(found) == [(3, 1, "missed"), (2, 0, "false alarm"), (0, 0, "missed"), (1, 1, "false alarm")]
    assert found[0].probability == 0.01
    assert told(confident_mistakes(Y, P, P >= 0.5, [1])) == [(3, 1, "missed"), (1, 1, "false alarm")]


def test_no_mistake_no_row():
    assert confident_mistakes(Y, P, Y, [0, 1]) == []


def test_no_record_is_drawn_twice():
    found = confident_mistakes(Y, P, P >= 0.5, [0, 1])
    assert told(drawn(found, each=1)) == [(2, 0, "false alarm"), (3, 1, "missed")]
    again = [*found, *found]
    assert len({mistake.record for mistake in drawn(again)}) == len(drawn(again)) == 4
