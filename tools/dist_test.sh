#!/usr/bin/env bash
# dist_test.sh CONFIG CHECKPOINT PROCESSES [options of test.py]
# One process a GPU (or that many on the CPU, where there is none). On several nodes call it on each, with NNODES,
# NODE_RANK, MASTER_ADDR and PORT in the environment.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: [NNODES= NODE_RANK= MASTER_ADDR= PORT=] $0 CONFIG CHECKPOINT PROCESSES [options of test.py]" >&2
    exit 2
fi
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# An active environment is used, else the one that make has made.
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$TOOLS/../.venv/bin/python" ]; then
        PYTHON=$TOOLS/../.venv/bin/python
    fi
fi

exec "$PYTHON" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$3" \
    "$TOOLS/test.py" "$1" "$2" --launcher pytorch "${@:4}"
