"""What a worker counts."""

from telemetry.metrics import MINUTES, Counter, Histogram, Registry

JOB_RUNS = Counter(
    "teleconsult_job_runs_total",
    "Runs of AI jobs, by how they ended: done, or why not.",
    ("model", "outcome"),
)
JOB_SECONDS = Histogram(
    "teleconsult_job_duration_seconds",
    "How long a run took, of a slab or of what is left of a series.",
    ("model", "reads"),
    MINUTES,
)
WORKER = Registry()
WORKER.add(JOB_RUNS, JOB_SECONDS)
