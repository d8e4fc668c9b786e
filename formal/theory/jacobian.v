(** Differentiability along curves, and the mean value inequality.

    [J] is a Jacobian of [F] on a set [D] if [F] has the derivative [J (c t) * c' t] along every curve [c]
    with the derivative [c' t] at a time [t] at which it is in [D]. Partial derivatives are the
    curves [x + s e_j]. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors.
From Hallucert.theory Require Export sam.
Open Scope R_scope.

(** [J x], a matrix of [m] rows and [n] columns, is the Jacobian of [F : R^n -> R^m] at the points of [D]. *)
Definition jacobian (n m : nat) (D : vec -> Prop) (F : vec -> vec) (J : vec -> mat) : Prop :=
  forall c t dc, curve n c t dc -> D (c t) ->
  forall i, (i < m)%nat -> is_derive (fun s => F (c s) i) t (sum n (fun j => J (c t) i j * dc j)).

(** Constants, the identity and sums, with derivatives as real numbers. *)
Lemma derive_const (k t : R) : is_derive (fun _ => k) t 0.
Proof. apply (is_derive_const k t). Qed.

Lemma derive_id (t : R) : is_derive (fun s : R => s) t 1.
Proof. apply (is_derive_id t). Qed.

Lemma derive_plus (f g : R -> R) t df dg :
  is_derive f t df -> is_derive g t dg -> is_derive (fun s => f s + g s) t (df + dg).
Proof. intros Hf Hg. exact (is_derive_plus f g t df dg Hf Hg). Qed.

Lemma derive_minus (f g : R -> R) t df dg :
  is_derive f t df -> is_derive g t dg -> is_derive (fun s => f s - g s) t (df - dg).
Proof. intros Hf Hg. exact (is_derive_minus f g t df dg Hf Hg). Qed.

Lemma derive_scal (f : R -> R) k t df : is_derive f t df -> is_derive (fun s => k * f s) t (k * df).
Proof. intros Hf. exact (is_derive_scal f t k df Hf). Qed.

Lemma derive_sum n (f : nat -> R -> R) (df : vec) t :
  (forall i, (i < n)%nat -> is_derive (f i) t (df i)) ->
    is_derive (fun s => sum n (fun i => f i s)) t (sum n df).
Proof.
  induction n as [|n IH]; intros H; simpl; [apply derive_const|].
  apply derive_plus; [apply IH; intros|]; apply H; lia.
Qed.

(** A matrix maps a curve to a curve. *)
Lemma curve_mv n (A : mat) c t dc : curve n c t dc ->
  forall i, is_derive (fun s => mv n A (c s) i) t (mv n A dc i).
Proof.
  intros H i. unfold mv. apply (derive_sum n (fun j s => A i j * c s j) (fun j => A i j * dc j)).
  intros j Hj. now apply derive_scal, H.
Qed.

(** The straight line through [x] with direction [d]. *)
Definition line (x d : vec) (s : R) : vec := fun j => x j + s * d j.

Lemma curve_line n x d t : curve n (line x d) t d.
Proof.
  intros j _. unfold line. replace (d j) with (0 + d j * 1) by ring.
  apply (is_derive_ext (fun s => x j + d j * s)); [intros; simpl; ring|].
  apply derive_plus; [apply derive_const | apply derive_scal, derive_id].
Qed.

(** A smaller set, an equal matrix. *)
Lemma jacobian_weaken n m (D D' : vec -> Prop) F J :
  (forall x, D' x -> D x) -> jacobian n m D F J -> jacobian n m D' F J.
Proof. intros S H c t dc Hc Hd. apply H; auto. Qed.

Lemma jacobian_ext n m (D : vec -> Prop) F (J J' : vec -> mat) :
  (forall x i j, D x -> (i < m)%nat -> (j < n)%nat -> J x i j = J' x i j) -> jacobian n m D F J ->
    jacobian n m D F J'.
Proof.
  intros E H c t dc Hc Hd i Hi.
  rewrite <- (sum_ext n (fun j => J (c t) i j * dc j)) by (intros; now rewrite E). now apply H.
Qed.

(** The Newton map [x - A F x] has the Jacobian [I - A J]. *)
Lemma jacobian_newton n (D : vec -> Prop) A F (J : vec -> mat) :
  jacobian n n D F J ->
  jacobian n n D (fun x i => x i - mv n A (F x) i) (fun x i j => delta i j - mm n A (J x) i j).
Proof.
  intros H c t dc Hc Hd i Hi.
  replace (sum n _) with (dc i - mv n A (mv n (J (c t)) dc) i).
  - apply derive_minus; [now apply Hc|].
    apply (curve_mv n A (fun s => F (c s)) t (mv n (J (c t)) dc)). intros k Hk. now apply H.
  - rewrite <- (mv_delta n dc i Hi) at 1. rewrite <- mv_mm. unfold mv. rewrite <- sum_minus. apply sum_ext.
    intros. ring.
Qed.

(** In other coordinates: [y |-> W (T (p + V y) - p)] has the Jacobian [W J V]. *)
Definition unchart n (p : vec) (V : mat) (y : vec) : vec := fun i => p i + mv n V y i.

Lemma curve_unchart n p V c t dc : curve n c t dc -> curve n (fun s => unchart n p V (c s)) t (mv n V dc).
Proof.
  intros H j _. unfold unchart. replace (mv n V dc j) with (0 + mv n V dc j) by ring.
  apply derive_plus; [apply derive_const | now apply curve_mv].
Qed.

Lemma jacobian_chart n (D : vec -> Prop) T (J : vec -> mat) p W V :
  jacobian n n D T J ->
  jacobian n n (fun y => D (unchart n p V y)) (fun y => mv n W (fun j => T (unchart n p V y) j - p j))
    (fun y => mm n W (mm n (J (unchart n p V y)) V)).
Proof.
  intros H c t dc Hc Hd i Hi. fold (mv n (mm n W (mm n (J (unchart n p V (c t))) V)) dc i). rewrite mv_mm.
  rewrite (mv_ext n W W _ (mv n (J (unchart n p V (c t))) (mv n V dc))); [|easy|intros k _; apply mv_mm].
  apply (curve_mv n W (fun s j => T (unchart n p V (c s)) j - p j)). intros k Hk.
  replace (mv n _ _ k) with (mv n (J (unchart n p V (c t))) (mv n V dc) k - 0) by ring.
  apply derive_minus; [|apply derive_const]. unfold mv at 1.
  apply (H (fun s => unchart n p V (c s))); [now apply curve_unchart | exact Hd | exact Hk].
Qed.

(** Mean value theorem for a real function on [0, 1]. *)
Lemma mean_value_01 (h dh : R -> R) :
  (forall t, 0 <= t <= 1 -> is_derive h t (dh t)) -> exists t, 0 < t < 1 /\ h 1 - h 0 = dh t.
Proof.
  intros H. destruct (MVT_cor2 h dh 0 1) as [t [E Ht]]; [lra | intros; now apply is_derive_Reals, H |].
  exists t. split; [exact Ht | lra].
Qed.

(** A set that contains the segment between any two of its points. Boxes are such. *)
Definition convex (n : nat) (D : vec -> Prop) : Prop :=
  forall x y z t, D x -> D y -> 0 <= t <= 1 -> eqv n z (line x (fun j => y j - x j) t) -> D z.

Lemma box_convex n c r : convex n (box n c r).
Proof.
  intros x y z t Hx Hy Ht Hz i Hi. rewrite Hz by exact Hi. unfold line.
  specialize (Hx i Hi). specialize (Hy i Hi). apply Rabs_le_between in Hx. apply Rabs_le_between in Hy.
  apply Rabs_le_between. split; nra.
Qed.

Lemma inside_convex n c r : convex n (inside n c r).
Proof.
  intros x y z t Hx Hy Ht Hz i Hi. rewrite Hz by exact Hi. unfold line.
  specialize (Hx i Hi). specialize (Hy i Hi). apply Rabs_def2 in Hx. apply Rabs_def2 in Hy.
  apply Rabs_def1; destruct (Rle_dec t (1 / 2)); nra.
Qed.

(** The value depends on the [n] coordinates alone: a curve that jumps in the others from [x] to [y] shows
    it. *)
Lemma jacobian_eqv n m (D : vec -> Prop) F J x y i : jacobian n m D F J -> D x -> D y -> eqv n x y ->
  (i < m)%nat -> F x i = F y i.
Proof.
  intros H Hx Hy E Hi. pose (c := fun s : R => if Rle_dec s 0 then x else y).
  assert (Dc : forall s, D (c s)) by (intros s; unfold c; now destruct (Rle_dec s 0)).
  assert (Cc : forall t, curve n c t (fun _ => 0)).
  { intros t j Hj. apply (is_derive_ext (fun _ => x j)); [|apply derive_const].
    intros s. unfold c. destruct (Rle_dec s 0); [reflexivity | now apply E]. }
  destruct (mean_value_01 (fun s => F (c s) i) (fun s => sum n (fun j => J (c s) i j * 0))) as [t [_ Et]].
  - intros t _. now apply H.
  - rewrite (sum_ext n _ (fun _ => 0)), sum_zero in Et by (intros; ring).
    revert Et. unfold c. destruct (Rle_dec 1 0), (Rle_dec 0 0); lra.
Qed.

(** Mean value inequality: if [|J| <= K] on a convex set, then [|F y - F x| <= K |y - x|], entry by entry. *)
Theorem mean_value n m (D : vec -> Prop) F J (K : mat) :
  convex n D -> jacobian n m D F J ->
  (forall x i j, D x -> (i < m)%nat -> (j < n)%nat -> Rabs (J x i j) <= K i j) ->
  forall x y i, D x -> D y -> (i < m)%nat ->
  Rabs (F y i - F x i) <= sum n (fun j => K i j * Rabs (y j - x j)).
Proof.
  intros C H B x y i Hx Hy Hi. set (d := fun j => y j - x j).
  assert (S : forall t, 0 <= t <= 1 -> D (line x d t)) by (intros t Ht; apply (C x y _ t); try easy;
    apply eqv_refl).
  destruct (mean_value_01 (fun s => F (line x d s) i) (fun s => sum n (fun j => J (line x d s) i j * d j)))
    as [t [Ht E]].
  - intros t Ht. apply H; [apply curve_line | now apply S | exact Hi].
  - simpl in E. rewrite (jacobian_eqv n m D F J x (line x d 0) i), (jacobian_eqv n m D F J y (line x d 1) i);
      try easy; try (apply S; lra); try (intros j _; unfold line, d; ring).
    rewrite E. apply (mv_bound n (J (line x d t)) d (K i) (fun j => Rabs (d j)) i); [|intros; lra].
    intros j Hj. apply B; auto. apply S. lra.
Qed.
