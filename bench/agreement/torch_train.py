#!/usr/bin/env python3
"""The other contender: PyTorch on the weights and the order of images that bench_agreement left.

usage: torch_train.py SEED RATE IN.npz [NUDGE]

NUDGE, 1e-6 say, changes every weight by that relative amount: how far two runs of PyTorch part by rounding alone.
"""
import math
import pathlib
import sys
import time

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "differential"))
import torch_models  # noqa: E402


def main():
    seed, rate, source = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    nudge = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    torch.set_num_threads(1)
    arrays = np.load(source)
    mean = torch.from_numpy(arrays["mean"]).view(1, -1, 1, 1)
    std = torch.from_numpy(arrays["std"]).view(1, -1, 1, 1)
    images, labels = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"]).long()
    order = torch.from_numpy(arrays["order"]).long()

    def normalized(pixels):
        return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)

    module = torch_models.build("resnet20", images, 10, arrays, torch.float32).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1 + nudge)
    step = torch_models.optimizer("sgd", module, rate, 0.9, 1e-4)
    module.train()
    start, first = time.time(), None
    for t, indices in enumerate(order):
        for group in step.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * t / len(order)))
        step.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(normalized(images[indices])), labels[indices])
        first = loss.item() if first is None else first
        loss.backward()
        step.step()
    seconds = time.time() - start
    module.eval()
    correct = 0
    with torch.no_grad():
        test, truth = torch.from_numpy(arrays["test_images"]), torch.from_numpy(arrays["test_labels"]).long()
        for i in range(0, len(test), 500):
            correct += (module(normalized(test[i:i + 500])).argmax(1) == truth[i:i + 500]).sum().item()
    name = f"torch nudged by {nudge:g}" if nudge else "torch"
    print(f"{name} seed {seed} first loss {first:.6f} test accuracy {correct / len(test):.4f} seconds {seconds:.1f} "
          f"images/s {order.numel() / seconds:.0f}", flush=True)


if __name__ == "__main__":
    main()
