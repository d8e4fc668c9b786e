(** Krawczyk's test: an approximate inverse A of the Jacobian J of a program P shows exactly one zero in a
   box. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance sam.
From Hallucert.tapes Require Export tape relations reals programs intervals bounds enclosures defined.
Import ListNotations.
Open Scope R_scope.

Lemma less x y : 0 < y - x -> x < y.
Proof. lra. Qed.

Lemma less_equal x y : 0 <= y - x -> x <= y.
Proof. lra. Qed.

Module Krawczyk (I : IntervalOps).
Module Export D := Defined I.

Section Test.
Variables (prec : I.F.precision) (n : nat).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation get := (fun l i => nth i l (zero a)).

(** Matrices of bounded intervals, and of their largest members. *)
Definition bounded_matrix (A : nat -> nat -> I.type) : bool :=
  every n (fun i => every n (fun j => I.bounded (A i j))).
Definition tops (A : nat -> nat -> I.type) : mat := fun i j => top (A i j).

Lemma bounded_matrix_correct A i j x : bounded_matrix A = true ->
  (i < n)%nat -> (j < n)%nat -> holds (A i j) x ->
  holds (A i j) (tops A i j) /\ x <= tops A i j.
Proof. intros H Hi Hj. apply top_correct. exact (every_spec _ _ (every_spec _ _ H i Hi) j Hj). Qed.

Lemma stored_matrix l : bounds n (stored prec n (imatrix prec l)) (matrix l).
Proof. apply stored_correct. intros i j _ _. apply imatrix_correct. Qed.

(** M A is near the unit matrix. *)
Definition injective_matrix (A M : list (list number)) : bool :=
  let A := stored prec n (imatrix prec A) in
  let M := stored prec n (imatrix prec M) in
  every n (fun i => surely_positive (I.sub prec (int prec 1)
    (isum prec n (fun j => I.abs (I.sub prec (idelta prec i j) (imm prec n M A i j)))))).

Lemma injective_matrix_correct A M : injective_matrix A M = true -> injective n (matrix A).
Proof.
intros H. apply (product_injective n (matrix M)), (near_unit_injective n _ (fun _ => 1)); [intros; lra|].
intros i Hi. apply less. pose proof (every_spec _ _ H i Hi) as K. apply (surely_positive_correct _ _ K).
apply isub_correct; [apply int_correct|]. apply isum_correct. intros j Hj. rewrite Rmult_1_r.
apply iabs_correct, isub_correct; [apply idelta_correct|].
apply imm_correct; try assumption; apply stored_matrix.
Qed.

(** |1 - A J| *)
Definition defect (A : nat -> nat -> I.type) (J : list (I.type * list I.type)) : nat -> nat -> I.type :=
  stored prec n (fun i j => I.abs (I.sub prec (idelta prec i j) (imm prec n A (slope prec J) i j))).

(** The test on the box X with the centre C and the half widths R. *)
Variables (P : program) (X C : list I.type) (R : nat -> I.type) (pre : list (list number)).
Notation A := (matrix pre).

Definition krawczyk : bool :=
  let J := duals_of prec P X in
  let F := outputs_of prec P n n C in
  let A := stored prec n (imatrix prec pre) in
  let E := defect A J in
  every n (fun i => all_real (dual_entry prec J i)) && every n (fun i => I.real (get F i)) &&
  bounded_matrix E &&
  every n (fun i => surely_positive (I.sub prec (R i)
    (I.add prec (I.abs (imv prec n A (get F) i)) (isum prec n (fun j => I.mul prec (E i j) (R j)))))).

Variables c r : vec.
Hypothesis HP : parametric P.
Hypothesis HR : forall i, holds (R i) (r i).
Hypothesis HC : within n C c.
Hypothesis HX : forall x, box n c r x -> within n X x.
Hypothesis r_pos : forall i, (i < n)%nat -> 0 < r i.

Theorem krawczyk_correct : krawczyk = true -> exists K : mat,
  jacobian n n (box n c r) (meaning P n) (jac P n) /\
  (forall x i j, box n c r x -> (i < n)%nat -> (j < n)%nat ->
    Rabs (delta i j - mm n A (jac P n x) i j) <= K i j) /\
  (forall i, (i < n)%nat -> Rabs (mv n A (meaning P n c) i) + sum n (fun j => K i j * r j) < r i).
Proof.
intros H. unfold krawczyk in H. set (J := duals_of prec P X) in *.
set (E := defect (stored prec n (imatrix prec pre)) J) in *.
rewrite !andb_true_iff in H. destruct H as [[[HJ HF] HB] HK].
assert (HE : forall x, box n c r x -> bounds n E (fun i j => Rabs (delta i j - mm n A (jac P n x) i j))).
{ intros x Hx. apply stored_correct. intros i j Hi Hj.
  apply iabs_correct, isub_correct; [apply idelta_correct|].
  apply imm_correct; try assumption; [apply stored_matrix|]. intros k l Hk Hl.
  apply slope_correct; [exact HP | now apply HX | exact (every_spec _ _ HJ k Hk)]. }
assert (B : box n c r c) by (apply box_centre; intros; now apply Rlt_le, r_pos).
exists (tops E). split; [|split].
- apply (jacobian_weaken n n (within n X)); [exact HX | now apply (duals_jacobian prec _ n n X)].
- intros x i j Hx Hi Hj. exact (proj2 (bounded_matrix_correct E i j _ HB Hi Hj (HE x Hx i j Hi Hj))).
- intros i Hi. apply less. apply (surely_positive_correct _ _ (every_spec _ _ HK i Hi)).
  apply isub_correct; [apply HR|]. apply iadd_correct.
  + apply iabs_correct, imv_correct; [apply stored_matrix | | exact Hi]. intros j Hj.
    apply outputs_correct; [exact HP | exact HC | exact Hj | exact (every_spec _ _ HF j Hj)].
  + apply isum_correct. intros j Hj. apply imul_correct; [|apply HR].
    exact (proj1 (bounded_matrix_correct E i j _ HB Hi Hj (HE c B i j Hi Hj))).
Qed.
End Test.
End Krawczyk.

Module Spread (I : IntervalOps).
Module Export K := Krawczyk I.

Section Box.
Variables (prec : I.F.precision) (n m : nat) (P : program) (X C : list I.type) (R : nat -> I.type).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation get := (fun l i => nth i l (zero a)).

(** How far output i is from its value at the centre, given the half widths R. *)
Definition spread (J : list (I.type * list I.type)) (i : nat) : I.type :=
  isum prec n (fun j => I.mul prec (I.abs (slope prec J i j)) (R j)).

(** The derivatives are defined and bounded, and so are the values F at the centre. *)
Definition centred_ok (J : list (I.type * list I.type)) (F : list I.type) : bool :=
  every m (fun i => all_real (dual_entry prec J i) && I.real (get F i) &&
    every n (fun j => I.bounded (I.abs (slope prec J i j)))).

(** Output i on the box. *)
Definition centred (J : list (I.type * list I.type)) (F : list I.type) (i : nat) : I.type :=
  I.add prec (get F i) (ball prec (int prec 0) (spread J i)).

Variables c r : vec.
Hypothesis HP : parametric P.
Hypothesis HR : forall i, holds (R i) (r i).
Hypothesis HC : within n C c.
Hypothesis HX : forall x, box n c r x -> within n X x.
Hypothesis r_pos : forall i, (i < n)%nat -> 0 <= r i.

Notation J := (duals_of prec P X).
Notation F := (outputs_of prec P n m C).

Lemma spread_correct : centred_ok J F = true -> forall x i, box n c r x -> (i < m)%nat ->
  exists b, holds (spread J i) b /\ Rabs (meaning P n x i - meaning P n c i) <= b.
Proof.
intros H x i Hx Hi.
assert (HJ : forall k, (k < m)%nat -> all_real (dual_entry prec J k) = true).
{ intros k Hk. pose proof (every_spec _ _ H k Hk) as L. now rewrite !andb_true_iff in L. }
assert (HE : forall k j z, (k < m)%nat -> (j < n)%nat -> box n c r z ->
  holds (I.abs (slope prec J k j)) (top (I.abs (slope prec J k j))) /\
  Rabs (jac P n z k j) <= top (I.abs (slope prec J k j))).
{ intros k j z Hk Hj Hz. pose proof (every_spec _ _ H k Hk) as L. rewrite !andb_true_iff in L.
  apply top_correct; [exact (every_spec _ _ (proj2 L) j Hj)|].
  apply iabs_correct, slope_correct; auto. }
set (B := fun k j => top (I.abs (slope prec J k j))).
assert (Bc : box n c r c) by now apply box_centre.
exists (sum n (fun j => B i j * r j)). split.
- apply isum_correct. intros j Hj. apply imul_correct; [now apply (HE i j c) | apply HR].
- apply Rle_trans with (sum n (fun j => B i j * Rabs (x j - c j))).
  + apply (mean_value n m (box n c r) (meaning P n) (jac P n) B); try assumption; [apply box_convex | |].
    * apply (jacobian_weaken n m (within n X)); [exact HX|]. apply (duals_jacobian prec); [exact HP|].
      apply forallb_forall. intros k Hk. apply in_seq in Hk. apply HJ. lia.
    * intros z k j Hz Hk Hj. now apply (HE k j z).
  + apply sum_le. intros j Hj. apply Rmult_le_compat_l; [|now apply Hx].
    apply Rle_trans with (1 := Rabs_pos (jac P n c i j)). now apply (HE i j c).
Qed.

Theorem centred_correct : centred_ok J F = true -> forall x i, box n c r x -> (i < m)%nat ->
  holds (centred J F i) (meaning P n x i).
Proof.
intros H x i Hx Hi. destruct (spread_correct H x i Hx Hi) as [b [Hb L]].
replace (meaning P n x i) with (meaning P n c i + (meaning P n x i - meaning P n c i)) by ring.
apply iadd_correct.
- pose proof (every_spec _ _ H i Hi) as K. rewrite !andb_true_iff in K. now apply outputs_correct.
- apply (ball_correct prec _ _ 0 b); [apply int_correct | exact Hb | now rewrite Rminus_0_r].
Qed.
End Box.
End Spread.
