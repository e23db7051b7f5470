#!/usr/bin/env python3
"""Trains a module on given weights and batches in float32 and float64 and writes the losses and first gradients.

usage: torch_curve.py MODEL OPTIMIZER LR MOMENTUM WEIGHT_DECAY IN.npz OUT.npz
IN.npz: images (S, N, C, H, W), labels (S, N), weights/<parameter>. OUT.npz: loss32, loss64 (S), gradient64/<parameter>.
"""
import sys

import numpy as np
import torch

import torch_models


def curve(name, kind, lr, momentum, decay, arrays, dtype):
    images, labels = torch.from_numpy(arrays["images"]).to(dtype), torch.from_numpy(arrays["labels"]).long()
    module = torch_models.build(name, images[0], 10, arrays, dtype).train()
    step = torch_models.optimizer(kind, module, lr, momentum, decay)
    losses, gradients = [], {}
    for x, y in zip(images, labels):
        step.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(x), y)
        loss.backward()
        if not losses:
            gradients = {n: p.grad.detach().clone().double().numpy() for n, p in module.named_parameters()}
        step.step()
        losses.append(loss.item())
    return np.array(losses), gradients


def main():
    name, kind, lr, momentum, decay, source, target = sys.argv[1:]
    torch.set_num_threads(1)
    arrays = np.load(source)
    settings = name, kind, float(lr), float(momentum), float(decay), arrays
    loss32, _ = curve(*settings, torch.float32)
    loss64, gradients = curve(*settings, torch.float64)
    np.savez(target, loss32=loss32, loss64=loss64, **{"gradient64/" + k: v for k, v in gradients.items()})


if __name__ == "__main__":
    main()
