"""PyTorch's contender: a training step as its user writes it. usage: torch_steps.py MODEL BATCH SECONDS MODE

MODE is a list as in eager, channels_last, compile, channels_last+compile. Answers as round.h says.
"""
import statistics
import sys
import time

import start
import torch
import torch.nn.functional as F
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.stride, self.pad = stride, (out - channels) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        blocks, channels = [], 16
        for out in (16, 32, 64):
            for i in range(3):
                blocks.append(Block(channels, out, 2 if i == 0 and out > 16 else 1))
                channels = out
        self.blocks, self.fc = nn.Sequential(*blocks), nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.bn(self.conv(x)))).mean((2, 3)))


def main():
    name, batch, seconds, mode = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].split("+")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = LeNet5() if name == "lenet5" else ResNet20()
    parameters = sum(p.numel() for p in module.parameters())
    weights, images = start.read(name, batch)
    with torch.no_grad():
        for p, w in zip([p for p in module.parameters() if p.dim() > 1], weights, strict=True):
            p.copy_(torch.from_numpy(w))
        for parameter in module.named_parameters():
            if parameter[0].endswith("bias"):
                parameter[1].zero_()
    x, y = torch.from_numpy(images), torch.arange(batch) % 10
    if "channels_last" in mode:
        module, x = module.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    forward = torch.compile(module) if "compile" in mode else module
    optimizer = torch.optim.SGD(module.parameters(), 0.001, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step().item() for _ in range(start.STEPS)]
    start.ready(parameters, f"torch {torch.__version__}", losses)
    for _ in sys.stdin:
        taken, began = [], time.process_time()
        while time.process_time() - began < seconds or len(taken) < 3:
            before = time.process_time()
            step()
            taken.append(time.process_time() - before)
        print(f"step={statistics.median(taken):.9f}", flush=True)


main()
