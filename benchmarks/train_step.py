"""Our training step against a plain PyTorch loop of the same network (Conv1d, float32, default settings).

    python benchmarks/train_step.py [reference] [--batch 128] [--samples 256] [--rounds 8] [--steps 3]

The argument is a recipe: `reference`, `single`, or a TOML file. Two worker processes take turns, so that each has its
own allocator and the machine's noise falls on both. First both take the same steps from the same weights without
dropout, and their losses have to agree; then steps as the recipe has them are timed, without augmentation. Prints the
median times, their ratio (the bars on a processor with bfloat16 are 3 for `reference` and 2 for others), which share of
the processor's convolution peak each reaches in its own number format, and what feeding a batch costs.

The peak is that of the best of six convolutions forth and back (kernels 1x3, 1x5, 1x7; 128 and 256 channels) on the
same batch, measured between the turns.
"""

import argparse
import multiprocessing as mp
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

CLASSES = 5
AGREE = 0.02
BARS = {"reference": 3}
OTHER_BAR = 2
PEAK_BAR = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="reference", help="a built-in recipe or a TOML file")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--samples", type=int, default=256, help="of a crop")
    parser.add_argument("--rounds", type=int, default=8, help="turns of each worker")
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count processor time instead of the clock's; right with OMP_NUM_THREADS=1, on a machine that others use",
    )
    options = parser.parse_args()

    context = mp.get_context("spawn")
    workers: dict[str, Connection] = {}
    for name in ("plain", "ours"):
        ours, theirs = context.Pipe()
        work_on = (name, theirs, options.recipe, options.batch, options.samples, options.processor_time)
        context.Process(target=work, args=work_on, daemon=True).start()
        workers[name] = ours

    losses = {name: ask(pipe, "losses", 5) for name, pipe in workers.items()}
    worst = max(abs(a - b) / b for a, b in zip(losses["ours"], losses["plain"], strict=True))
    print(f"{options.recipe}: losses of 5 steps without dropout agree to {worst:.2%} (at most {AGREE:.0%})")
    if worst > AGREE:
        raise SystemExit(f"losses differ: {losses}")

    times: dict[str, list[float]] = {name: [] for name in workers}
    peaks: dict[str, list[float]] = {name: [] for name in workers}
    for round_ in range(options.rounds + 1):
        for name, pipe in workers.items():
            seconds = ask(pipe, "steps", options.steps) / options.steps
            peak = ask(workers["ours"], "peak" if name == "ours" else "peak in float32", 0)
            if round_:  # the first turn warms up
                times[name].append(seconds)
                peaks[name].append(peak)
    operations = ask(workers["ours"], "operations", 0)
    for name, values in times.items():
        seconds, peak = statistics.median(values), statistics.median(peaks[name])
        share = operations / seconds / peak
        asked = f" (bar {PEAK_BAR})" if name == "ours" and options.recipe == "reference" else ""
        print(
            f"{name:>5}: {seconds * 1e3:7.0f} ms a step of {options.batch}, {options.batch / seconds:5.0f} records/s, "
            f"{share:.2f} of the convolution peak of {peak / 1e9:.0f} GFLOP/s{asked}"
        )
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["ours"], strict=True)]
    bar = BARS.get(options.recipe, OTHER_BAR)
    print(
        f"ratio: {statistics.median(ratios):.2f} times faster (turns {min(ratios):.2f} to {max(ratios):.2f}; bar {bar})"
    )
    feed = ask(workers["ours"], "feed", 50) / 50
    print(f"feeding: {feed * 1e3:.2f} ms a batch, {feed / statistics.median(times['ours']):.2%} of a step (bar 5 %)")
    for pipe in workers.values():
        pipe.send(("end", 0))


def ask(pipe: Connection, what: str, count: int) -> Any:
    pipe.send((what, count))
    return pipe.recv()


def work(name: str, pipe: Connection, recipe_name: str, batch: int, samples: int, processor_time: bool) -> None:
    import torch

    from twelvelead.models.cost import multiply_adds
    from twelvelead.training.module import make_loss as loss_of_recipe
    from twelvelead.training.recipe import Recipe
    from twelvelead.training.speed import keep_freed_memory, precision

    clock = time.process_time if processor_time else time.perf_counter
    recipe = Recipe.load(recipe_name)
    if name == "ours":
        keep_freed_memory()
    autocast = name == "ours" and precision(recipe) == "bf16-mixed"
    inputs = random_batches(batch, samples)
    loss_of = loss_of_recipe(recipe, np.concatenate([labels.numpy() > 0.5 for _, _, labels in inputs]))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    timed = make(name, recipe)
    timed_optimizer = kind(timed.parameters(), lr=4.67e-4)
    while True:
        what, count = pipe.recv()
        if what == "end":
            return
        if what == "feed":
            pipe.send(feeding(batch, samples, count, clock))
            continue
        if what.startswith("peak"):
            low = autocast and what == "peak"
            pipe.send(peak(batch, samples, torch.bfloat16 if low else torch.float32, clock))
            continue
        if what == "operations":
            pipe.send(multiply_adds(make(name, recipe), samples) * 2 * 3 * batch)  # back costs twice what forth does
            continue
        model, optimizer = timed, timed_optimizer
        if what == "losses":
            model = make(name, recipe, dropout=0.0)
            optimizer = kind(model.parameters(), lr=4.67e-4)
        losses = []
        start = clock()
        for step in range(count):
            ecg, features, labels = inputs[step % len(inputs)]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                logits, _ = model(ecg, features)
            loss = loss_of(logits.float(), labels)
            torch.autograd.backward(loss)
            optimizer.step()
            losses.append(float(loss.detach()))
        pipe.send(losses if what == "losses" else clock() - start)


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


def make(name: str, recipe: Any, **settings: Any) -> Any:
    """The recipe's model with the same weights for both: as we train it, or as one would write it first."""
    import torch

    from twelvelead.models import create_model

    torch.manual_seed(1)
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in recipe.model.items()}
    ours = create_model(recipe.architecture, classes=CLASSES, metadata=recipe.metadata, **given | settings)
    if name == "ours":
        return ours.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    return plain(ours).train()


def plain(model: Any) -> Any:
    """The network from Conv1d, BatchNorm1d, MaxPool1d and Dropout as they come, on [n, channels, time]."""
    import torch
    from torch import nn

    from twelvelead.models.layers import ByteDropout, PairPool

    class First:
        """Ours hand their first layers [n, channels, 1, time]."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.squeeze(2) if x.dim() == 4 else x)  # type: ignore[misc, no-any-return]

    class Conv1d(First, nn.Conv1d):
        pass

    class MaxPool1d(First, nn.MaxPool1d):
        pass

    def last(value: Any) -> Any:
        return value[-1] if isinstance(value, tuple) else value

    def twin(layer: nn.Module) -> nn.Module | None:
        if isinstance(layer, nn.Conv2d):
            made = Conv1d(
                layer.in_channels,
                layer.out_channels,
                last(layer.kernel_size),
                last(layer.stride),
                last(layer.padding),
                last(layer.dilation),
                layer.groups,
                layer.bias is not None,
            )
            weights = {
                key: value.squeeze(2) if value.dim() == 4 else value for key, value in layer.state_dict().items()
            }
            made.load_state_dict(weights)
            return made
        if isinstance(layer, nn.BatchNorm2d):
            norm = nn.BatchNorm1d(layer.num_features, layer.eps, layer.momentum)
            norm.load_state_dict(layer.state_dict())
            return norm
        if isinstance(layer, PairPool):
            return MaxPool1d(2)
        if isinstance(layer, nn.MaxPool2d):
            return MaxPool1d(last(layer.kernel_size), last(layer.stride), last(layer.padding))
        if isinstance(layer, ByteDropout):
            return nn.Dropout(layer.p)
        return None

    for name, child in list(model.named_children()):
        other = twin(child)
        if other is not None:
            setattr(model, name, other)
        else:
            plain(child)
    return model


def peak(batch: int, samples: int, dtype: Any, clock: Callable[[], float]) -> float:
    """Operations a second of the best convolution, channels last, forth and back."""
    import torch

    best = 0.0
    for channels in (128, 256):
        x = torch.randn(batch, channels, 1, samples).to(dtype).to(memory_format=torch.channels_last).requires_grad_()
        for size in (3, 5, 7):
            conv = torch.nn.Conv2d(channels, channels, (1, size), padding=(0, size // 2), bias=False)
            conv = conv.to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            gradient = torch.ones_like(x)
            start = clock()
            torch.autograd.grad(conv(x), (x, conv.weight), gradient)
            best = max(best, 6 * batch * samples * channels**2 * size / (clock() - start))
    return best


def feeding(batch: int, samples: int, count: int, clock: Callable[[], float]) -> float:
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
    start = clock()
    for _ in crops:
        pass
    return clock() - start


if __name__ == "__main__":
    main()
