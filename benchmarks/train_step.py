"""Our training step against a plain PyTorch loop of the same network (Conv1d, float32, default settings).

    python benchmarks/train_step.py [--batch 128] [--samples 256] [--rounds 8] [--steps 3]

Two worker processes take turns, so that each has its own allocator and the machine's noise falls on both. First both
take the same steps from the same weights without dropout, and their losses have to agree; then steps with dropout are
timed. Prints the median times, their ratio (the bar is 3 on a processor with bfloat16), and what feeding a batch
costs.
"""

import argparse
import multiprocessing as mp
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

CLASSES = 5
WEIGHTS = [0.6, 0.9, 1.0, 1.0, 1.5]
AGREE = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--samples", type=int, default=256, help="of a crop")
    parser.add_argument("--rounds", type=int, default=8, help="turns of each worker")
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn")
    options = parser.parse_args()

    context = mp.get_context("spawn")
    workers: dict[str, Connection] = {}
    for name in ("plain", "ours"):
        ours, theirs = context.Pipe()
        context.Process(target=work, args=(name, theirs, options.batch, options.samples), daemon=True).start()
        workers[name] = ours

    losses = {name: ask(pipe, "losses", 5) for name, pipe in workers.items()}
    worst = max(abs(a - b) / b for a, b in zip(losses["ours"], losses["plain"], strict=True))
    print(f"losses of 5 steps without dropout agree to {worst:.2%} (at most {AGREE:.0%})")
    if worst > AGREE:
        raise SystemExit(f"losses differ: {losses}")

    times: dict[str, list[float]] = {name: [] for name in workers}
    for round_ in range(options.rounds + 1):
        for name, pipe in workers.items():
            seconds = ask(pipe, "steps", options.steps) / options.steps
            if round_:  # the first turn warms up
                times[name].append(seconds)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in median.items():
        print(f"{name:>5}: {seconds * 1e3:7.0f} ms a step of {options.batch}, {options.batch / seconds:5.0f} records/s")
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["ours"], strict=True)]
    print(f"ratio: {statistics.median(ratios):.2f} times faster (turns {min(ratios):.2f} to {max(ratios):.2f}; bar 3)")
    feed = ask(workers["ours"], "feed", 50) / 50
    print(f"feeding: {feed * 1e3:.2f} ms a batch, {feed / median['ours']:.2%} of a step (bar 5 %)")
    for pipe in workers.values():
        pipe.send(("end", 0))


def ask(pipe: Connection, what: str, count: int) -> Any:
    pipe.send((what, count))
    return pipe.recv()


def work(name: str, pipe: Connection, batch: int, samples: int) -> None:
    import torch

    from twelvelead.training.speed import keep_freed_memory, precision

    if name == "ours":
        keep_freed_memory()
    autocast = name == "ours" and precision() == "bf16-mixed"
    inputs = random_batches(batch, samples)
    timed = make(name, dropout=0.25)
    while True:
        what, count = pipe.recv()
        if what == "end":
            return
        if what == "feed":
            pipe.send(feeding(batch, samples, count))
            continue
        model = make(name, dropout=0.0) if what == "losses" else timed
        loss_of, optimizer = make_loss(name), torch.optim.Adam(model.parameters(), lr=4.67e-4)
        losses = []
        start = time.perf_counter()
        for step in range(count):
            ecg, features, labels = inputs[step % len(inputs)]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                logits = model(ecg, features)
                logits = logits[0] if isinstance(logits, tuple) else logits
            loss = loss_of(logits.float(), labels)
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        pipe.send(losses if what == "losses" else time.perf_counter() - start)


def random_batches(batch: int, samples: int) -> list[Any]:
    import torch

    torch.manual_seed(0)
    return [
        (
            torch.randn(batch, samples, 12) * 0.24,
            torch.stack([torch.rand(batch) * 90, torch.randint(0, 2, (batch,)).float()], dim=1),
            (torch.rand(batch, CLASSES) < 0.3).float(),
        )
        for _ in range(4)
    ]


def make(name: str, dropout: float) -> Any:
    """The reference model with the same weights for both: as we train it, or as one would write it first."""
    import torch

    from twelvelead.models import create_model

    torch.manual_seed(1)
    ours = create_model("reference", classes=CLASSES, dropout=dropout)
    if name == "ours":
        return ours.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    plain = plain_reference(dropout)
    with torch.no_grad():
        for theirs, value in zip(plain.parameters(), ours.parameters(), strict=True):
            theirs.copy_(value.reshape(theirs.shape))
    return plain.train()


def make_loss(name: str) -> Any:
    import torch

    from twelvelead.training.loss import FocalLoss

    weights = torch.tensor(WEIGHTS)
    if name == "ours":
        return FocalLoss(weights, alpha=0.434, gamma=2.135)

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
        positive = 0.434 * labels * (1 - p) ** 2.135 * torch.log(p)
        negative = 0.566 * (1 - labels) * p**2.135 * torch.log(1 - p)
        return -(weights * (positive + negative)).mean()

    return loss


def plain_reference(dropout: float) -> Any:
    """The same layers in the same order of parameters, from Conv1d, BatchNorm1d, Dropout and LSTM as they come."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, filters: int, kernel_size: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv1d(inputs, filters, kernel_size, padding="same", bias=False)
            self.norm1 = nn.BatchNorm1d(filters)
            self.dropout = nn.Dropout(dropout)
            self.conv2 = nn.Conv1d(filters, filters, kernel_size, padding="same", bias=False)
            self.norm2 = nn.BatchNorm1d(filters)
            self.shortcut = nn.Conv1d(inputs, filters, 1, bias=False)
            self.shortcut_norm = nn.BatchNorm1d(filters)
            self.pool = nn.MaxPool1d(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.norm2(self.conv2(self.dropout(torch.relu(self.norm1(self.conv1(x))))))
            pooled: torch.Tensor = self.pool(torch.relu(y + self.shortcut_norm(self.shortcut(x))))
            return pooled

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(Block(12, 256, 3), Block(256, 128, 7))
            self.lstm = nn.LSTM(128, 128, batch_first=True, bidirectional=True)
            self.score = nn.Linear(256, 1)
            self.ecg_dense = nn.Linear(256, 256)
            self.metadata = nn.Linear(4, 16)
            self.joined = nn.Linear(272, 128)
            self.dropout = nn.Dropout(dropout)
            self.output = nn.Linear(128, CLASSES)

        def forward(self, ecg: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            sequence, _ = self.lstm(self.blocks((ecg * 4).transpose(1, 2)).transpose(1, 2))
            context = (torch.softmax(self.score(sequence), dim=1) * sequence).sum(dim=1)
            scaled = torch.stack([(features[:, 0] - 60) / 20, features[:, 1] * 2 - 1], dim=1)
            metadata = torch.relu(self.metadata(torch.cat([scaled, torch.ones_like(scaled)], dim=1)))
            joined = torch.cat([torch.relu(self.ecg_dense(context)), metadata], dim=1)
            logits: torch.Tensor = self.output(self.dropout(torch.relu(self.joined(joined))))
            return logits

    return Plain()


def feeding(batch: int, samples: int, count: int) -> float:
    from twelvelead.training.crops import Crops

    records = batch * count
    rng = np.random.default_rng(0)
    signals = rng.integers(-500, 500, (records, max(samples, 1000), 12), dtype=np.int16)
    crops = Crops(
        signals,
        np.zeros((records, 2), np.float32),
        np.zeros((records, CLASSES), np.float32),
        np.arange(records),
        window=samples,
        batch_size=batch,
        hidden_metadata=0.1,
    )
    start = time.perf_counter()
    for _ in crops:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
