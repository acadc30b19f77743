"""TensorFlow and its Keras 2, without start-up messages and with deterministic results.

Always import `tensorflow` and `tf_keras` from here.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Some start-up messages come from C++ before that level is read: the stream itself is set aside meanwhile.
_stderr = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 2)
try:
    import tensorflow
    import tf_keras

    tensorflow.config.experimental.enable_op_determinism()
    tensorflow.random.set_seed(0)  # deterministic operations demand a seed, though none of ours draws from it
    tf_keras.backend.experimental.enable_tf_random_generator()  # generators that can be seeded anew
    tensorflow.get_logger().setLevel("ERROR")
    if "TF_CONFIG" not in os.environ:  # several machines must be brought together before
        tensorflow.constant(0)  # creates the device, which has messages of its own
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_nowhere)

__all__ = ["tensorflow", "tf_keras"]
