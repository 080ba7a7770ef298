#!/usr/bin/python3
"""Train the Fashion-MNIST classifier of this example and export it to ONNX.

    /usr/bin/python3 train.py [--epochs N] [--output fashion.onnx]

Debian packages: python3-torch, python3-onnx, dataset-fashion-mnist. Seed, thread count and algorithms are fixed: the
same machine type and library versions give the same file again. Batch normalisation is exported unfolded, as a
trained model usually arrives; folding it is the model compiler's work.
"""

import argparse
import gzip
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = 0.2860, 0.3530
SEED = 20
THREADS = 2  # part of the recipe: sums are split by thread
BATCH = 128
PEAK_LEARNING_RATE = 6e-3
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.05


class Fashion(nn.Module):
    """Strided convolutions, each with batch normalisation and ReLU, then one linear layer."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *conv(1, 16, 5),  # 14 x 14
            *conv(16, 32, 3),  # 7 x 7
            *conv(32, 64, 3),  # 4 x 4
        )
        self.classifier = nn.Linear(4 * 4 * 64, 10)

    def forward(self, image):
        return self.classifier(self.features(image).flatten(1))


def conv(inputs, outputs, kernel):
    """A convolution that halves the image; its bias is the normalisation's."""
    return (
        nn.Conv2d(inputs, outputs, kernel, stride=2, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def read_idx(name):
    """The array of one gzipped IDX file."""
    raw = gzip.decompress((DATA / name).read_bytes())
    rank = raw[3]
    shape = np.frombuffer(raw, ">u4", rank, 4).astype(int)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(part):
    images = torch.from_numpy(read_idx(f"{part}-images-idx3-ubyte.gz").astype(np.float32))
    labels = torch.from_numpy(read_idx(f"{part}-labels-idx1-ubyte.gz").astype(np.int64))
    return ((images / 255 - MEAN) / STD).unsqueeze(1), labels


def augment(batch, generator):
    """Shifts every image by up to two pixels and mirrors half of them."""
    count = len(batch)
    padded = F.pad(batch, (2, 2, 2, 2), value=-MEAN / STD)
    rows = torch.randint(0, 5, (count, 1, 1), generator=generator) + torch.arange(28).view(1, 28, 1)
    columns = torch.arange(28).repeat(count, 1)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, 27 - columns, columns)
    columns = columns + torch.randint(0, 5, (count, 1), generator=generator)
    return padded[torch.arange(count).view(-1, 1, 1), 0, rows, columns.view(count, 1, 28)].unsqueeze(1)


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in zip(images.split(1000), labels.split(1000)))
    return right / len(labels)


def learning_rate(step, steps):
    """Linear warm-up over a tenth of the run, then a cosine down to nothing."""
    warm = steps // 10
    if step < warm:
        return PEAK_LEARNING_RATE * (step + 1) / warm
    return PEAK_LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def train(model, images, labels, test, epochs):
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = len(images) // BATCH
    for epoch in range(epochs):
        model.train()
        started, total = time.monotonic(), 0.0
        order = torch.randperm(len(images), generator=generator)
        for index in range(batches):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(epoch * batches + index, epochs * batches)
            chosen = order[index * BATCH : (index + 1) * BATCH]
            loss = F.cross_entropy(
                model(augment(images[chosen], generator)), labels[chosen], label_smoothing=LABEL_SMOOTHING
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            total += loss.item()
        seconds = time.monotonic() - started
        right = accuracy(model, *test)
        print(f"epoch {epoch + 1:2}/{epochs}  loss {total / batches:.4f}  test {right:.2%}  {seconds:.0f} s", flush=True)


def export(model, path):
    """Writes opset 13 with the batch normalisation nodes in place."""
    model.eval()
    torch.onnx.export(
        model,
        torch.zeros(1, 1, 28, 28),
        path,
        input_names=["image"],
        output_names=["logits"],
        opset_version=13,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--epochs", type=int, default=30)
    arguments.add_argument("--output", default=str(pathlib.Path(__file__).with_name("fashion.onnx")))
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    model = Fashion()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters} parameters")
    test = load("t10k")
    train(model, *load("train"), test, options.epochs)
    export(model, options.output)
    print(f"test accuracy {accuracy(model, *test):.2%}  written to {options.output}")


if __name__ == "__main__":
    main()
