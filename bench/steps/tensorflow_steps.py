"""TensorFlow's contender: a training step in one tf.function. usage: tensorflow_steps.py MODEL BATCH SECONDS MODE

MODE is graph or xla. Answers as round.h says.
"""
import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import start
import tensorflow as tf
from keras import Input, Model, layers, losses, optimizers


def lenet5():
    image = x = Input((28, 28, 1))
    for channels, padding in ((6, "same"), (16, "valid")):
        x = layers.MaxPooling2D()(layers.Conv2D(channels, 5, padding=padding, activation="relu")(x))
    x = layers.Flatten()(x)
    for features in (120, 84):
        x = layers.Dense(features, activation="relu")(x)
    return Model(image, layers.Dense(10)(x))


def normalized(x, channels, stride=1):
    # Padded by hand: at stride 2 "same" would pad on one side only.
    x = layers.Conv2D(channels, 3, stride, use_bias=False)(layers.ZeroPadding2D()(x)) if stride > 1 else \
        layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(epsilon=1e-5)(x)


def resnet20():
    image = Input((32, 32, 3))
    x = layers.ReLU()(normalized(image, 16))
    for channels in (16, 32, 64):
        for i in range(3):
            stride = 2 if i == 0 and channels > 16 else 1
            y = normalized(layers.ReLU()(normalized(x, channels, stride)), channels)
            if stride == 2:
                side = channels // 4
                x = layers.Lambda(lambda v, s=side: tf.pad(v[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (s, s))))(x)
            x = layers.ReLU()(layers.Add()([x, y]))
    return Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def main():
    name, batch, seconds, mode = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = lenet5() if name == "lenet5" else resnet20()
    weights, images = start.channels_last(name, batch)
    for variable, w in zip([v for v in model.trainable_variables if len(v.shape) > 1], weights, strict=True):
        variable.assign(w)
    x = tf.constant(images)
    y = tf.constant(np.arange(batch) % 10)
    optimizer = optimizers.SGD(0.001, momentum=0.9)
    optimizer.build(model.trainable_variables)
    loss_of = losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(jit_compile=mode == "xla")
    def train():
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    first = [train().numpy() for _ in range(start.STEPS)]
    parameters = sum(int(tf.size(v)) for v in model.trainable_variables)
    start.ready(parameters, f"tensorflow {tf.__version__}", first)
    for _ in sys.stdin:
        taken, began = [], time.process_time()
        while time.process_time() - began < seconds or len(taken) < 3:
            before = time.process_time()
            train().numpy()
            taken.append(time.process_time() - before)
        print(f"step={statistics.median(taken):.9f}", flush=True)


main()
