#!/usr/bin/python3
"""Train the classifier of digits drawn in the air and export it to ONNX.

    /usr/bin/python3 train.py --data DIR [--epochs N] [--output gesture.onnx] [--idx DIR]

DIR holds JSON files of strokes ({"strokes": [{"label", "strokePoints": [{"x", "y"}, ...]}]}): where a wand pointed, from
its accelerometer and gyroscope, as in github.com/petewarden/magic_wand_digit_data (Apache-2.0). A stroke is one
recording; the last fifth of each digit's recordings is the test split, of which training sees nothing. Debian packages:
python3-torch, python3-onnx. Seed, thread count and algorithms are fixed: the same machine type and library versions give
the same file again.
"""

import argparse
import collections
import json
import math
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

POINTS, AXES, DIGITS = 48, 2, 10
TEST_SHARE = 0.2
SEED = 7
BATCH = 50
PEAK_LEARNING_RATE = 5e-3
WEIGHT_DECAY = 1e-2


class Gesture(nn.Module):
    """Three strided convolutions along time, then one linear layer over what is left of it."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(*conv(AXES, 8, 5), *conv(8, 16, 5), *conv(16, 16, 3))
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(16 * POINTS // 8, DIGITS)

    def forward(self, stroke):
        return self.classifier(self.dropout(self.features(stroke).flatten(1)))


def conv(inputs, outputs, kernel):
    """Halves the time, which runs along the rows; there is one column. The convolution's bias is the normalisation's."""
    return (
        nn.Conv2d(inputs, outputs, (kernel, 1), (2, 1), (kernel // 2, 0), bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def normalise(points):
    """A stroke of any length as the device's application prepares it: POINTS points evenly in time, linear between the
    recorded ones, centred on the box around them, whose longer side becomes -1..1. Shape [2, POINTS, 1]."""
    at = np.linspace(0, len(points) - 1, POINTS)
    stroke = np.stack([np.interp(at, np.arange(len(points)), points[:, axis]) for axis in range(AXES)])
    low, high = stroke.min(1, keepdims=True), stroke.max(1, keepdims=True)
    return ((stroke - (low + high) / 2) * 2 / (high - low).max())[..., None].astype(np.float32)


def load(directory):
    """((train strokes, labels), (test strokes, labels)); recordings keep their order within a digit."""
    by_digit = collections.defaultdict(list)
    for path in sorted(directory.glob("*.json")):
        for stroke in json.loads(path.read_text())["strokes"]:
            points = np.array([(p["x"], p["y"]) for p in stroke["strokePoints"]], np.float32)
            by_digit[int(stroke["label"])].append(normalise(points))
    if sorted(by_digit) != list(range(DIGITS)):
        raise SystemExit(f"{directory}: strokes of all ten digits are needed, found {sorted(by_digit)}")
    splits = ([], []), ([], [])
    for digit, strokes in sorted(by_digit.items()):
        first_test = round(len(strokes) * (1 - TEST_SHARE))
        for (out, labels), part in zip(splits, (strokes[:first_test], strokes[first_test:])):
            out.extend(part)
            labels.extend([digit] * len(part))
    return tuple((torch.from_numpy(np.stack(s)), torch.tensor(labels)) for s, labels in splits)


def write_idx(directory, part, strokes, labels):
    """Strokes as 2 x POINTS images of bytes, -1..1 becoming 0..255, with their labels: what `pipit model quantize` reads
    with --mean=0.5 --std=0.5."""
    directory.mkdir(parents=True, exist_ok=True)
    pixels = np.rint((strokes.numpy()[..., 0] + 1) * 127.5).clip(0, 255).astype(np.uint8)
    head = np.array([0x0803, *pixels.shape], ">u4").tobytes()
    (directory / f"{part}-strokes.idx").write_bytes(head + pixels.tobytes())
    head = np.array([0x0801, len(labels)], ">u4").tobytes()
    (directory / f"{part}-labels.idx").write_bytes(head + labels.numpy().astype(np.uint8).tobytes())


def augment(batch, generator):
    """Strokes slanted, turned and stretched a little, begun a little earlier or later, drawn faster and slower."""
    count = len(batch)
    uniform = lambda low, high, *shape: torch.rand(*shape, generator=generator) * (high - low) + low
    line = torch.linspace(-1, 1, POINTS).view(1, -1)
    time = line * uniform(0.9, 1.1, count, 1) + uniform(-0.1, 0.1, count, 1)
    time = time + uniform(-0.08, 0.08, count, 1) * torch.sin(math.pi * line)
    grid = torch.stack([torch.zeros_like(time), time], -1).unsqueeze(2)
    moved = F.grid_sample(batch, grid, align_corners=True, padding_mode="border")[..., 0]
    form = torch.eye(AXES) + torch.randn(count, AXES, AXES, generator=generator) * 0.12
    noise = torch.randn(moved.shape, generator=generator) * 0.02
    return (form @ moved + uniform(-0.1, 0.1, count, AXES, 1) + noise).unsqueeze(-1)


def accuracy(model, strokes, labels):
    model.eval()
    with torch.no_grad():
        return (model(strokes).argmax(1) == labels).float().mean().item()


def train(model, strokes, labels, epochs):
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda e: 0.5 * (1 + math.cos(math.pi * e / epochs)))
    for epoch in range(epochs):
        model.train()
        for chosen in torch.randperm(len(strokes), generator=generator).split(BATCH):
            loss = F.cross_entropy(model(augment(strokes[chosen], generator)), labels[chosen], label_smoothing=0.05)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        schedule.step()
        if (epoch + 1) % max(1, epochs // 10) == 0:
            print(f"epoch {epoch + 1:4}/{epochs}  loss {loss.item():.4f}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=pathlib.Path, required=True, help="folder of JSON files with strokes")
    arguments.add_argument("--epochs", type=int, default=80)
    arguments.add_argument("--output", default=str(pathlib.Path(__file__).with_name("gesture.onnx")))
    arguments.add_argument("--idx", type=pathlib.Path, help="folder to write the splits to as IDX files")
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = Gesture()
    learn, test = load(options.data)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(learn[1])} strokes to train on")
    if options.idx:
        write_idx(options.idx, "train", *learn)
        write_idx(options.idx, "test", *test)
    train(model, *learn, options.epochs)
    model.eval()
    torch.onnx.export(model, torch.zeros(1, AXES, POINTS, 1), options.output, input_names=["stroke"],
                      output_names=["logits"], opset_version=13)
    print(f"train {accuracy(model, *learn):.2%}  test {accuracy(model, *test):.2%} of {len(test[1])}"
          f"  written to {options.output}")


if __name__ == "__main__":
    main()
