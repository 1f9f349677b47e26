"""The two losses and Sinkhorn against naive formulas, and their minima."""

import math

import pytest
import torch

from fra_plugin.models import SemanticConsistencyLoss, SemanticRelationLoss
from fra_plugin.models.semantic_relation_loss import sinkhorn


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cos(a, b):
    return (a @ b / a.norm() / b.norm()).item()


def test_consistency_is_the_formula_of_the_paper():
    pred, target = rand(2, 3, 5), rand(2, 3, 5, seed=1)
    want = 0.0
    for b in range(2):
        for k in range(3):
            others = sum(cos(pred[b, k], target[b, j]) ** 2 for j in range(3) if j != k)
            want += (2 - 2 * cos(pred[b, k], target[b, k]) + 0.02 * others / 3) / 6
    assert SemanticConsistencyLoss(0.02)(pred, target).item() == pytest.approx(want)


def test_consistency_is_least_where_regions_agree_and_are_orthogonal():
    embed = torch.eye(4, 8)[None]
    assert SemanticConsistencyLoss()(3 * embed, embed).item() == pytest.approx(0, abs=1e-6)
    assert SemanticConsistencyLoss()(embed, -embed).item() == pytest.approx(4)
    collapsed = torch.ones(1, 4, 8)
    assert SemanticConsistencyLoss(0.02)(collapsed, collapsed).item() == pytest.approx(0.02 * 3 / 4, abs=1e-6)


def test_sinkhorn_is_the_naive_loop():
    prob = rand(6, 3).softmax(dim=1)
    want = prob / prob.sum()
    for _ in range(3):
        for k in range(3):
            want[:, k] /= want[:, k].sum() * 3
        for n in range(6):
            want[n] /= want[n].sum() * 6
    torch.testing.assert_close(sinkhorn(prob, 3), want * 6)


def test_sinkhorn_uses_all_regions_equally_and_keeps_rows_at_one():
    skewed = (rand(200, 4) + torch.tensor([3.0, 0, 0, 0])).softmax(dim=1)
    assign = sinkhorn(skewed, 50)
    torch.testing.assert_close(assign.sum(dim=1), torch.ones(200, dtype=torch.float64))
    torch.testing.assert_close(assign.mean(dim=0), torch.full((4,), 0.25, dtype=torch.float64), atol=1e-6, rtol=0)


def test_relation_is_the_formula_of_the_paper():
    student, teacher = rand(2, 3, 2, 2).tanh(), rand(2, 3, 2, 2, seed=1).tanh()
    rows = [(b, h, w) for b in range(2) for h in range(2) for w in range(2)]
    target = sinkhorn(torch.stack([(teacher[b, :, h, w] / 0.04).softmax(0) for b, h, w in rows]), 3)
    probs = torch.stack([(student[b, :, h, w] / 0.1).softmax(0) for b, h, w in rows])
    ce = -(target * probs.log()).sum() / 8
    use = probs.mean(dim=0)
    want = 0.1 * (ce + 0.5 * (math.log(3) + (use * use.log()).sum()))
    got = SemanticRelationLoss(entropy_weight=0.5)(student, teacher)
    assert got.item() == pytest.approx(want.item())


def test_relation_is_nearly_zero_for_crisp_equal_assignments_and_log_k_for_a_collapse():
    crisp = torch.eye(4).repeat(2, 1).reshape(2, 4, 4).permute(0, 2, 1).unsqueeze(3)  # pixel n belongs to region n % 4
    loss = SemanticRelationLoss(student_temp=0.02, loss_weight=1.0)
    assert loss(crisp, crisp).item() == pytest.approx(0, abs=1e-6)
    collapsed = torch.zeros(2, 4, 4, 1)
    collapsed[:, 0] = 1
    assert loss(collapsed, crisp).item() > math.log(4)


def test_whole_faces_as_regions_satisfy_all_faces_together_but_no_face():
    """Face b is all of region b: equal use of the regions over the faces, one region within each."""
    whole_faces = torch.eye(4)[:, :, None, None].expand(4, 4, 3, 3)
    assert SemanticRelationLoss(student_temp=0.02, loss_weight=1.0)(whole_faces, whole_faces).item() < 1e-6
    per_face = SemanticRelationLoss(student_temp=0.02, loss_weight=1.0, per_face=True)
    assert per_face(whole_faces, whole_faces).item() > math.log(4)


def test_balance_within_faces_is_the_mean_over_faces_alone():
    student, teacher = rand(3, 4, 2, 2).tanh(), rand(3, 4, 2, 2, seed=1).tanh()
    loss = SemanticRelationLoss()
    alone = [loss(student[b : b + 1], teacher[b : b + 1]).item() for b in range(3)]
    assert SemanticRelationLoss(per_face=True)(student, teacher).item() == pytest.approx(sum(alone) / 3)


def test_a_teacher_that_sees_the_mirrored_view_teaches_the_same():
    student, teacher = rand(2, 4, 3, 3).tanh(), rand(2, 4, 3, 3, seed=1).tanh()
    box, mirrored = torch.tensor([[5.0, 2, 40, 50]] * 2), torch.tensor([[45.0, 2, -40, 50]] * 2)
    for loss in (SemanticRelationLoss(), SemanticRelationLoss(per_face=True)):
        alone = loss(student, teacher).item()
        assert loss(student, teacher.flip(3), box, mirrored).item() == pytest.approx(alone)
        assert loss(student, teacher, box, mirrored).item() != pytest.approx(alone)


@pytest.mark.parametrize('per_face', [False, True])
def test_a_sharp_teacher_that_finds_a_region_nowhere_teaches_finite_numbers(per_face):
    student, teacher = torch.rand(2, 3, 4, 4, requires_grad=True), torch.zeros(2, 3, 4, 4)
    teacher[:, 0, :2], teacher[:, 1, 2:], teacher[:, 2] = 1.0, 1.0, -1.0  # exp(-2 / 0.005) is 0 in float32
    loss = SemanticRelationLoss(teacher_temp=0.005, per_face=per_face)(student, teacher)
    loss.backward()
    assert loss.isfinite() and student.grad.isfinite().all()


def test_only_what_both_views_show_is_compared():
    """The teacher's view is the right half of the student's; where nothing is shared, nothing is learned."""
    student, teacher = rand(1, 3, 4, 4).requires_grad_(), rand(1, 3, 4, 4, seed=1)
    loss = SemanticRelationLoss(entropy_weight=0.0)
    loss(student, teacher, torch.tensor([[0.0, 0, 80, 80]]), torch.tensor([[40.0, 0, 40, 80]])).backward()
    assert student.grad[..., :2].abs().max() == 0 and student.grad[..., 2:].abs().min() > 0
    nothing = loss(student, teacher, torch.tensor([[0.0, 0, 80, 80]]), torch.tensor([[90.0, 0, 40, 80]]))
    assert nothing.item() == 0


def test_no_gradient_reaches_the_target():
    target = rand(2, 4, 3).requires_grad_()
    SemanticConsistencyLoss()(rand(2, 4, 3, seed=2).requires_grad_(), target).backward()
    teacher = rand(2, 4, 3, 3).requires_grad_()
    SemanticRelationLoss()(rand(2, 4, 3, 3, seed=2).requires_grad_(), teacher).backward()
    assert target.grad is None and teacher.grad is None


@pytest.mark.parametrize(
    'loss, args',
    [
        (SemanticConsistencyLoss(), [(2, 3, 4)]),
        (SemanticRelationLoss(student_temp=0.5), [(2, 3, 2, 2)]),
        (SemanticRelationLoss(student_temp=0.5, per_face=True), [(2, 3, 2, 2)]),
    ],
)
def test_gradient_is_the_numerical_one(loss, args):
    shape = args[0]
    pred, target = rand(*shape).tanh().requires_grad_(), rand(*shape, seed=1).tanh()
    assert torch.autograd.gradcheck(lambda p: loss(p, target), (pred,))


@pytest.mark.parametrize(
    'build, word',
    [
        (lambda: SemanticConsistencyLoss(-1), 'decorrelation_weight'),
        (lambda: SemanticRelationLoss(student_temp=0), 'student_temp'),
        (lambda: SemanticRelationLoss(teacher_temp=-1), 'teacher_temp'),
        (lambda: SemanticRelationLoss(sinkhorn_iters=-1), 'sinkhorn_iters'),
        (lambda: SemanticRelationLoss(loss_weight=-1), 'loss_weight'),
    ],
)
def test_arguments_out_of_range_are_named(build, word):
    with pytest.raises(ValueError, match=word):
        build()
