(** Strict local minimizers, and points that are none, from the Hessian on a box about a critical point. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian dominance sam.
Open Scope R_scope.

(** [g] is the gradient of [f] at the points of [D]: along curves, [f] has the derivative [g . c']. *)
Definition gradient_on (n : nat) (D : vec -> Prop) (f : vec -> R) (g : vec -> vec) : Prop :=
  forall c t dc, curve n c t dc -> D (c t) ->
    is_derive (fun s => f (c s)) t (sum n (fun j => g (c t) j * dc j)).

(** The value depends on the [n] coordinates alone. *)
Lemma gradient_eqv n (D : vec -> Prop) f g x y : gradient_on n D f g -> D x -> D y -> eqv n x y -> f x = f y.
Proof.
  intros H Hx Hy E. apply (jacobian_eqv n 1 D (fun x _ => f x) (fun x _ j => g x j) x y 0%nat); auto.
  intros c t dc Hc Hd i _. now apply H.
Qed.

(** Along the straight line from [x] to [y]: [f], its derivative, and the derivative of that. *)
Section Segment.
Variables (n : nat) (D : vec -> Prop) (f : vec -> R) (g : vec -> vec) (H : vec -> mat).
Hypothesis (Hf : gradient_on n D f g) (Hg : jacobian n n D g H).
Variables (x v : vec).

Lemma slope t : D (line x v t) ->
  is_derive (fun s => f (line x v s)) t (sum n (fun j => g (line x v t) j * v j)).
Proof. intros Hd. apply Hf; [apply curve_line | exact Hd]. Qed.

Lemma curvature t : D (line x v t) ->
  is_derive (fun s => sum n (fun j => g (line x v s) j * v j)) t (form n (H (line x v t)) v).
Proof.
  intros Hd. apply (is_derive_ext (fun s => sum n (fun j => v j * g (line x v s) j))).
  - intros s. apply sum_ext. intros. ring.
  - unfold form. apply (derive_sum n (fun j s => v j * g (line x v s) j)). intros j Hj. apply derive_scal.
    apply (Hg (line x v)); [apply curve_line | exact Hd | exact Hj].
Qed.
End Segment.

(** Taylor's formula on [0, 1] with the remainder of Cauchy. *)
Lemma taylor (h dh ddh : R -> R) :
  (forall t, 0 <= t <= 1 -> is_derive h t (dh t)) -> (forall t, 0 <= t <= 1 -> is_derive dh t (ddh t)) ->
  exists t, 0 < t < 1 /\ h 1 = h 0 + dh 0 + (1 - t) * ddh t.
Proof.
  intros D1 D2. destruct (mean_value_01 (fun t => h t + (1 - t) * dh t) (fun t => (1 - t) * ddh t))
    as [t [Ht E]].
  - intros t Ht. replace ((1 - t) * ddh t) with (dh t + ((0 - 1) * dh t + (1 - t) * ddh t)) by ring.
    apply derive_plus; [now apply D1|].
    apply (is_derive_mult (fun s => 1 - s) dh t); [|now apply D2|exact Rmult_comm].
    apply derive_minus; [apply derive_const | apply derive_id].
  - exists t. split; [exact Ht | lra].
Qed.

(** At a distance from a critical point [x], the sign of the quadratic form of the Hessian decides. *)
Section Critical.
Variables (n : nat) (D : vec -> Prop) (f : vec -> R) (g : vec -> vec) (H : vec -> mat) (x : vec).
Hypothesis (Hf : gradient_on n D f g) (Hg : jacobian n n D g H) (HD : convex n D) (Hx : D x).
Hypothesis (Zx : forall i, (i < n)%nat -> g x i = 0).

Lemma second_order y : D y ->
  exists z s, D z /\ 0 < s /\ f y = f x + s * form n (H z) (fun j => y j - x j).
Proof.
  intros Hy. set (v := fun j => y j - x j).
  assert (S : forall t, 0 <= t <= 1 -> D (line x v t)) by (intros t Ht; apply (HD x y _ t); try easy;
    apply eqv_refl).
  destruct (taylor (fun s => f (line x v s)) (fun s => sum n (fun j => g (line x v s) j * v j))
    (fun s => form n (H (line x v s)) v)) as [t [Ht E]].
  - intros t Ht. now apply (slope n D), S.
  - intros t Ht. now apply (curvature n D), S.
  - exists (line x v t), (1 - t). split; [apply S; lra|]. split; [lra|].
    rewrite (gradient_eqv n D f g y (line x v 1)), (gradient_eqv n D f g x (line x v 0)); auto;
      try (apply S; lra); try (intros j _; unfold line, v; ring).
    rewrite E, (sum_ext n _ (fun _ => 0)), sum_zero; [ring|]. intros j Hj.
    rewrite (jacobian_eqv n n D g H (line x v 0) x j), Zx; auto; [ring | apply S; lra |].
    intros k _. unfold line. ring.
Qed.

(** A positive definite Hessian on [D]: [f] is larger in all other points of [D]. *)
Lemma smallest_value : (forall y, D y -> positive n (H y)) -> forall y, D y -> ~ eqv n y x -> f x < f y.
Proof.
  intros P y Hy N. destruct (second_order y Hy) as [z [s [Hz [Hs E]]]]. rewrite E.
  assert (0 < form n (H z) (fun j => y j - x j)); [|nra].
  apply P; [exact Hz|]. intros C. apply N. intros i Hi. specialize (C i Hi). simpl in C. lra.
Qed.

(** A direction of negative (positive) curvature on [D]: [f] is smaller (larger) in points next to [x]. *)
Lemma smaller_value v d : 0 < d -> (forall e, 0 < e <= d -> D (line x v e)) ->
  (forall y, D y -> form n (H y) v < 0) -> forall e, 0 < e <= d -> f (line x v e) < f x.
Proof.
  intros Hd S P e He. destruct (second_order (line x v e)) as [z [s [Hz [Hs E]]]]; [now apply S|].
  rewrite E. replace (form n (H z) _) with (e * e * form n (H z) v).
  { assert (0 < s * (e * e)) by (repeat apply Rmult_lt_0_compat; lra). specialize (P z Hz). nra. }
  symmetry. unfold form. rewrite <- sum_scal. apply sum_ext. intros i _. unfold line.
  rewrite (mv_ext n (H z) (H z) _ (fun j => e * v j)), mv_scal; [ring | easy | intros j _; ring].
Qed.
End Critical.

(** A point inside a box has room on all sides; and on every straight line through it. *)
Lemma inside_room n c r x : inside n c r x -> exists d, 0 < d /\ forall y, near n d x y -> box n c r y.
Proof.
  induction n as [|n IH]; intros H.
  - exists 1. split; [lra | intros y _ i Hi; lia].
  - destruct IH as [d [Hd I]]; [intros i Hi; apply H; lia|].
    pose (e := r n - Rabs (x n - c n)). assert (0 < e) by (unfold e; specialize (H n (Nat.lt_succ_diag_r n));
      lra).
    exists (Rmin d e). split; [now apply Rmin_pos|]. intros y Hy i Hi. destruct (Nat.eq_dec i n) as [->|N].
    + specialize (Hy n Hi). pose proof (Rmin_r d e).
      replace (y n - c n) with ((y n - x n) + (x n - c n)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. unfold e in *. lra.
    + apply I; [|lia]. intros k Hk. eapply Rlt_le_trans; [apply Hy; lia | apply Rmin_l].
Qed.

Lemma line_near n x v d : 0 < d -> exists a, 0 < a /\ forall e, 0 < e <= a -> near n d x (line x v e).
Proof.
  intros Hd. assert (S : 0 <= sum n (fun j => Rabs (v j))) by (apply sum_nonneg; intros; apply Rabs_pos).
  exists (d / (2 * (1 + sum n (fun j => Rabs (v j))))). split; [apply Rdiv_lt_0_compat; lra|].
  intros e He i Hi. unfold line. replace (x i + e * v i - x i) with (e * v i) by ring.
  rewrite Rabs_mult, (Rabs_pos_eq e) by lra.
  pose proof (sum_term n (fun j => Rabs (v j)) i Hi (fun k _ => Rabs_pos (v k))) as T. simpl in T.
  destruct He as [He1 He2]. apply Rle_div_r in He2; [|lra]. pose proof (Rabs_pos (v i)). nra.
Qed.

(** A critical point inside a box on which the Hessian is positive definite is a strict local minimizer. *)
Theorem is_strict_minimizer n c r f g H x :
  gradient_on n (box n c r) f g -> jacobian n n (box n c r) g H ->
  (forall y, box n c r y -> positive n (H y)) ->
  inside n c r x -> (forall i, (i < n)%nat -> g x i = 0) -> strict_local_minimizer n f x.
Proof.
  intros Hf Hg P Hx Zx. destruct (inside_room n c r x Hx) as [d [Hd I]]. exists d. split; [exact Hd|].
  intros y Hy N. apply (smallest_value n (box n c r) f g H); auto; [apply box_convex | now apply inside_box].
Qed.

(** A critical point inside a box on which one direction has negative curvature is no local minimizer. *)
Theorem is_no_minimizer n c r f g H x v :
  gradient_on n (box n c r) f g -> jacobian n n (box n c r) g H ->
  (forall y, box n c r y -> form n (H y) v < 0) ->
  inside n c r x -> (forall i, (i < n)%nat -> g x i = 0) -> ~ local_minimizer n f x.
Proof.
  intros Hf Hg P Hx Zx [d [Hd M]]. destruct (inside_room n c r x Hx) as [d' [Hd' I]].
  destruct (line_near n x v (Rmin d d')) as [a [Ha N]]; [now apply Rmin_pos|].
  assert (L : f (line x v a) < f x).
  { apply (smaller_value n (box n c r) f g H x Hf Hg (box_convex n c r) (inside_box _ _ _ _ Hx) Zx v a); auto;
    [|lra].
    intros e He. apply I. intros i Hi. eapply Rlt_le_trans; [now apply N | apply Rmin_r]. }
  assert (U : f x <= f (line x v a)); [|lra].
  apply M. intros i Hi. eapply Rlt_le_trans; [apply N; auto; lra | apply Rmin_l].
Qed.

(** The same upside down. *)
Lemma form_opp n H v : form n (fun i j => - H i j) v = - form n H v.
Proof.
  unfold form. replace (- sum n _) with (-1 * sum n (fun i => v i * mv n H v i)) by ring. rewrite <- sum_scal.
  apply sum_ext. intros i _. unfold mv. rewrite (sum_ext n _ (fun j => -1 * (H i j * v j))) by (intros; ring).
  rewrite sum_scal. ring.
Qed.

Theorem is_no_maximizer n c r f g H x v :
  gradient_on n (box n c r) f g -> jacobian n n (box n c r) g H ->
  (forall y, box n c r y -> 0 < form n (H y) v) ->
  inside n c r x -> (forall i, (i < n)%nat -> g x i = 0) -> ~ local_maximizer n f x.
Proof.
  intros Hf Hg P Hx Zx [d [Hd M]].
  apply (is_no_minimizer n c r (fun y => - f y) (fun y i => - g y i) (fun y i j => - H y i j) x v); auto.
  - intros c' t dc Hc Hd'. rewrite (sum_ext n _ (fun j => -1 * (g (c' t) j * dc j))), sum_scal by (intros;
    ring).
    apply (is_derive_ext (fun s => -1 * f (c' s))); [intros; simpl; ring | now apply derive_scal, Hf].
  - intros c' t dc Hc Hd' i Hi.
    rewrite (sum_ext n _ (fun j => -1 * (H (c' t) i j * dc j))), sum_scal by (intros; ring).
    apply (is_derive_ext (fun s => -1 * g (c' s) i)); [intros; simpl; ring | now apply derive_scal, Hg].
  - intros y Hy. rewrite form_opp. specialize (P y Hy). lra.
  - intros i Hi. rewrite Zx by exact Hi. ring.
  - exists d. split; [exact Hd|]. intros y Hy. specialize (M y Hy). lra.
Qed.
