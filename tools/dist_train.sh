#!/usr/bin/env bash
# dist_train.sh CONFIG PROCESSES [options of train.py]
# One process a GPU (or that many on the CPU, where there is none). On several nodes call it on each, with NNODES,
# NODE_RANK, MASTER_ADDR and PORT in the environment; MASTER_ADDR is the node of rank 0.
# With MAX_RESTARTS above 0, a process or a node that dies does not end the run: all processes are started again, that many
# times, as soon as there are enough nodes again, and go on from the last checkpoint in the work directory. Start the command
# again on a node that came back or that takes the place of another one. Only the node of rank 0 has to stay.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: [NNODES= NODE_RANK= MASTER_ADDR= PORT= MAX_RESTARTS=] $0 CONFIG PROCESSES [options of train.py]" >&2
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
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
PORT=${PORT:-29500}

case ${MAX_RESTARTS:=0} in
    0)
        MEET=(--node_rank="${NODE_RANK:-0}" --master_addr="$MASTER_ADDR" --master_port="$PORT")
        ;;
    *[!0-9]*)
        echo "error: MAX_RESTARTS is a whole number, got $MAX_RESTARTS" >&2
        exit 2
        ;;
    *)
        is_host=$([ "${NODE_RANK:-0}" = 0 ] && echo true || echo false)
        # A new node would ask for an address that torchrun gives to the first nodes only.
        export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
        # A new node has half an hour to come.
        MEET=(--max_restarts="$MAX_RESTARTS" --rdzv_backend=c10d --rdzv_endpoint="$MASTER_ADDR:$PORT"
            --rdzv_id="port-$PORT" --rdzv_conf="is_host=$is_host,join_timeout=1800")
        ;;
esac

exec "$PYTHON" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --nproc_per_node="$2" \
    "${MEET[@]}" \
    "$TOOLS/train.py" "$1" --launcher pytorch "${@:3}"
