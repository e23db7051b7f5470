#!/usr/bin/env bash
# Prints docs/schemes.md from the tables of the program: schemes-page.sh build/release/bin/fanin
set -euo pipefail
cat <<'TEXT'
# Schemes

`scripts/approve.sh` makes this page from the program's own tables; edit the rows in `src/init/`, not the page.
`fanin explain NAME` says more: when to use a scheme, when not, and what each option means. Every scheme is chosen by
`--init NAME:key=value,key=value`, in `fanin init`, `train` and `compare`; presets are schemes as well.

W is a convolution's weight (O, I/groups, kH, kW) or a linear layer's (out, in). fan_in counts the terms that are summed
into one output, fan_out the outputs that one input feeds, both of the layer itself: groups and strides are counted
(`fanin show MODEL` prints them). "Looks at" says what a scheme must know: one tensor and its layer, the network around it,
or the network and a batch of images. The last column names the test that shows the scheme's own claim.

TEXT
"$1" list schemes --markdown
cat <<'TEXT'

## Names of other frameworks

These names are taken where a scheme is (in any case: `HeNormal` is `henormal`). Options that you add override those of
the name. Where frameworks mean different things by a name it is refused, with the choices. The laws are the framework's,
the fans are the layer's own; what a framework's own fans do to grouped, depthwise and transposed layers is in its preset.

TEXT
"$1" list aliases --markdown
cat <<'TEXT'

## What the presets were compared with

`tests/differential` draws every distinct layer of the built-in networks, and grouped, depthwise, strided and rectangular
ones, by the installed framework, and compares each parameter's mean, deviation, bounds and distribution with the preset's:
biases, norms and PReLU slopes too. torchvision's and timm's own code initializes the layers, put in the place of a block.

| preset | compared with | what differs between versions |
| --- | --- | --- |
| pytorch-default | PyTorch 2.15 and 1.13 | before 1.0 the bound counted all input channels, not those of a group (read, not run) |
| torchvision-* | torchvision 0.29 | |
| timm-* | timm 1.0.31; which norms start at 0 on its own ResNet | |
| keras-default | Keras 3.15 on TensorFlow 2.21 | |
| flax-default | Flax 0.12.8 (nnx) | linen's Conv, Dense and PReLU were looked at once: the same laws |
| caffe-*, darknet-default | nothing: they are not packaged; the formulas are tested | |

The names of PyTorch, Keras and JAX were compared in the same way, on a convolution.
TEXT
