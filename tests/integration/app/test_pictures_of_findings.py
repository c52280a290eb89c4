"""The pictures of what was published are made when nothing more urgent is there to be read."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from pydicom import Dataset

from imaging.finding import Finding
from imaging.result_header import Maker
from inference.evidence import Evidence, Picture
from inference.job_runner import JobRunner
from inference.look import Look
from inference.out_of_distribution import Outlook
from tests.integration.app.test_model_watch import NOON, SLOT, a_flag, arrive, parts, runner_of

__all__ = ["parts"]
FLAGS = 2


def runner_that_writes_to(order: list[tuple[str, str]], parts: Any, meanwhile: Any) -> JobRunner:
    """A worker that finds FLAGS things in each image; `meanwhile` happens while the first is read."""

    def reader(job_model: str) -> Any:
        bundle = parts.models.resolve(job_model)

        def read(datasets: list[Dataset], _progress: Any, told: Any, _measured: Any) -> list[Finding]:
            told(Look({}, Outlook({}, (), None, None)))
            if not order:
                meanwhile()
            order.append(("read", str(datasets[0].SOPInstanceUID)))
            return [a_flag(datasets[0], n, bundle) for n in range(FLAGS)]

        def evidence(_datasets: Any, finding: Finding) -> Evidence:
            order.append(("picture", finding.sop_instance_uid))
            return Evidence({"crop": Picture(b"png", 0.1)})

        maker = Maker(bundle.name, bundle.version, bundle.weights_sha256)
        return SimpleNamespace(maker=maker, read=read, evidence=evidence)

    return runner_of(parts, reader, NOON + timedelta(minutes=1))


def test_a_study_that_came_meanwhile_is_read_before_the_pictures_of_the_one_before_are_made(
    parts: Any,
) -> None:
    first = arrive(parts)
    later: list[Dataset] = []
    order: list[tuple[str, str]] = []
    runner = runner_that_writes_to(order, parts, lambda: later.append(arrive(parts)))
    while runner.run_next(SLOT):
        pass
    one, other = str(first.SOPInstanceUID), str(later[0].SOPInstanceUID)
    assert order == [
        ("read", one),
        ("read", other),
        *[("picture", one)] * FLAGS,
        *[("picture", other)] * FLAGS,
    ]
    assert len(parts.objects.keys("evidence/")) == 2 * FLAGS
