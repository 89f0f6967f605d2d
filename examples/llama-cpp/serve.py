"""Starts llama.cpp's HTTP server, and runs until it is ended.

    python3 serve.py MODEL PORT
"""

import os
import sys
import threading

import xllamacpp

model, port = sys.argv[1:]
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.port = int(port)
parameters.n_ctx = 4096
parameters.n_parallel = 1
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
server = xllamacpp.Server(parameters)
print(f"listening at {server.listening_address}", flush=True)
threading.Event().wait()
