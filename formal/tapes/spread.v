(* Mean value forms: a program on a box is its value at the centre, up to what its derivatives allow. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian sam.
From Hallucert.tapes Require Import tape relations reals programs intervals bounds enclosures krawczyk.
Import ListNotations.
Open Scope R_scope.

Module Spread (I : IntervalOps).
Module Export K := Krawczyk I.

Section Box.
Variables (prec : I.F.precision) (n m : nat) (P : program) (X C : list I.type) (R : nat -> I.type).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation get := (fun l i => nth i l (zero a)).

(* How far output i is from its value at the centre, given the half widths R. *)
Definition spread (J : list (I.type * list I.type)) (i : nat) : I.type :=
  isum prec n (fun j => I.mul prec (I.abs (slope prec J i j)) (R j)).

(* The derivatives are defined and bounded, and so are the values F at the centre. *)
Definition centred_ok (J : list (I.type * list I.type)) (F : list I.type) : bool :=
  every m (fun i => all_real (dual_entry prec J i) && I.real (get F i) &&
    every n (fun j => I.bounded (I.abs (slope prec J i j)))).

(* Output i on the box. *)
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
