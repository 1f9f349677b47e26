#!/usr/bin/env bash
# slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of train.py]
# GPUS (8) in all, GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS and PORT are taken from the environment.
# Slurm sends SIGNAL so many seconds before the time is up, so that a checkpoint can still be saved, and the run
# goes on when it gets its next turn: inside a batch job (sbatch --requeue) by scontrol requeue, else by another srun.
set -euo pipefail
if [ $# -lt 4 ]; then
    echo "usage: [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS= PORT=] $0 PARTITION JOB_NAME CONFIG WORK_DIR [options of train.py]" >&2
    exit 2
fi
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$TOOLS/../.venv/bin/python" ]; then
        PYTHON=$TOOLS/../.venv/bin/python
    fi
fi
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
if [ "$GPUS" -lt "$GPUS_PER_NODE" ]; then
    GPUS_PER_NODE=$GPUS
fi
# Where the processes meet: a port that another job on the node hardly has.
export MASTER_PORT=${PORT:-$((20000 + RANDOM % 20000))}

train() {
    # shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
    srun -p "$1" \
        --job-name="$2" \
        --gres="gpu:$GPUS_PER_NODE" \
        --ntasks="$GPUS" \
        --ntasks-per-node="$GPUS_PER_NODE" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        --signal="${SIGNAL:-USR1@120}" \
        ${SRUN_ARGS:-} \
        "$PYTHON" -u "$TOOLS/train.py" "$3" --work-dir "$4" --launcher slurm "${@:5}"
}

# A process that waits for a dead one is ended after the timeout of the config (env_cfg.dist_cfg.timeout).
export TORCH_NCCL_ASYNC_ERROR_HANDLING=1 NCCL_ASYNC_ERROR_HANDLING=1
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    set -- "$@" --resume
fi
code=0
train "$@" || code=$?
# 75: stopped by SIGNAL after a checkpoint. A batch job goes back into the queue; without one the next srun queues up here.
while [ $code -eq 75 ]; do
    if [ -n "${SLURM_JOB_ID:-}" ]; then
        scontrol requeue "$SLURM_JOB_ID"
        exit $code
    fi
    code=0
    train "$@" --resume || code=$?
done
exit $code
