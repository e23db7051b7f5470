"""The compare job as a PyTorch user scripts it: the trials one after the other, all cores' threads inside a step.

usage: torch_compare.py FOLDER EPOCHS SEEDS THREADS    FOLDER holds the four IDX files (.gz) of Fashion-MNIST
Prints the images trained on and the seconds from the first trial's start to the last's end.
"""
import gzip
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

BATCH, RATE = 128, 0.05


def read_idx(path):
    with gzip.open(path) as file:
        content = file.read()
    shape = [int.from_bytes(content[4 + 4 * i:8 + 4 * i], "big") for i in range(content[3])]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def load(folder, part):
    images = torch.tensor(read_idx(f"{folder}/{part}-images-idx3-ubyte.gz")).float().div(255)
    labels = torch.tensor(read_idx(f"{folder}/{part}-labels-idx1-ubyte.gz").astype(np.int64))
    return images.sub(0.2860).div(0.3530).unsqueeze(1), labels


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def accuracy(model, images, labels):
    with torch.no_grad():
        guesses = torch.cat([model(images[i:i + 1000]).argmax(1) for i in range(0, len(images), 1000)])
    return (guesses == labels).float().mean().item()


def trial(init, seed, epochs, train, test):
    torch.manual_seed(seed)
    model = LeNet5()
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            init(module.weight)
            nn.init.zeros_(module.bias)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=0.9)
    images, labels = train
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for i in range(0, len(images) - BATCH + 1, BATCH):
            chosen = order[i:i + BATCH]
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    return accuracy(model, *test)


def main():
    folder, epochs, seeds, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    images, labels = load(folder, "train")
    train, test = (images[:55000], labels[:55000]), load(folder, "t10k")
    inits = [nn.init.kaiming_normal_, nn.init.xavier_normal_, lambda w: nn.init.normal_(w, 0, 0.01)]
    start = time.perf_counter()
    for init in inits:
        for seed in range(seeds):
            trial(init, seed, epochs, train, test)
    images_trained = len(inits) * seeds * epochs * (len(train[0]) // BATCH) * BATCH
    print(f"images={images_trained} seconds={time.perf_counter() - start:.3f}")


main()
