(** Programs over intervals enclose their values and Jacobians on boxes. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian sam.
From Hallucert.tapes Require Import tape relations reals programs intervals bounds.
Import ListNotations.
Open Scope R_scope.

Module Enclosures (I : IntervalOps).
Module Export B := Bounds I.

Section Precision.
Variable prec : I.F.precision.
Notation a := (intervals prec).
Notation encloses := (fun i x => contains (I.convert i) x).
Notation holds i r := (contains (I.convert i) (Xreal r)).

(** The intervals X contain the entries of the vector x. *)
Definition within (n : nat) (X : list I.type) (x : vec) : Prop :=
  Forall2 encloses X (map Xreal (list_of n x)).

Lemma within_table n v x : (forall i, (i < n)%nat -> holds (v i) (x i)) -> within n (table n v) x.
Proof.
intros H. unfold within, table, list_of. rewrite map_map.
assert (K : forall i, In i (seq 0 n) -> holds (v i) (x i)) by (intros i Hi; apply in_seq in Hi; apply H; lia).
induction (seq 0 n) as [|i l IH]; simpl; constructor;
  [apply K; now left | apply IH; intros; apply K; now right].
Qed.

Lemma within_box n c r x : box n (numbers c) (numbers r) x -> within n (iball prec c r n) x.
Proof.
intros H. apply within_table. intros i Hi.
apply (ball_correct prec _ _ (numbers c i) (numbers r i)); [apply ivector_correct.. | now apply H].
Qed.

(** The value of a program, output by output. *)
Definition outputs_of (P : program) (n m : nat) (X : list I.type) : list I.type :=
  let V := P _ a X in table m (fun i => nth i V (zero a)).

Lemma outputs_correct P n m X x i : parametric P -> within n X x -> (i < m)%nat ->
  I.real (nth i (outputs_of P n m X) (zero a)) = true ->
  holds (nth i (outputs_of P n m X) (zero a)) (meaning P n x i).
Proof.
intros HP HX Hi. unfold outputs_of. rewrite nth_table by exact Hi. intros HR.
pose proof (intervals_correct prec) as CI.
pose proof (r_nth _ _ _ CI i _ _ (HP _ _ _ _ _ _ _ CI HX)) as E.
pose proof (r_nth _ _ _ extended_reals i _ _
  (HP _ _ _ _ _ _ _ extended_reals (real_defined (list_of n x)))) as D.
pose proof (real_correct _ _ HR E) as R. rewrite R in E. unfold meaning, vec_of.
change 0 with (zero reals). now rewrite <- (defined_as_elim _ _ _ D R) .
Qed.

(** The values of a program on a box. *)
Lemma outputs_within P n X x : parametric P -> within n X x ->
  every n (fun i => I.real (nth i (outputs_of P n n X) (zero a))) = true ->
    within n (outputs_of P n n X) (meaning P n x).
Proof.
intros HP HX HR. apply within_table. intros i Hi.
pose proof (outputs_correct P n n X x i HP HX Hi (every_spec _ _ HR i Hi)) as K.
unfold outputs_of in K. now rewrite nth_table in K.
Qed.

(** The value of a program with all partial derivatives. *)
Definition duals_of (P : program) (X : list I.type) : list (I.type * list I.type) := P _ (dual a) (seed a X).
Definition dual_entry (d : list (I.type * list I.type)) (i : nat) := nth i d (zero (dual a)).
Definition slope (d : list (I.type * list I.type)) (i j : nat) : I.type :=
  nth j (snd (dual_entry d i)) (zero a).

Lemma duals_correct P n X x i : parametric P -> within n X x ->
  entrywise encloses (dual_entry (duals_of P X) i) (derivatives P n x i).
Proof.
intros HP HX. pose proof (intervals_correct prec) as CI. pose proof (r_dual _ _ _ CI) as CD.
apply (r_nth _ _ _ CD), (HP _ _ _ _ _ _ _ CD). now apply (r_seed_from _ _ _ CI).
Qed.

(** What is free of undefined values over intervals is differentiable in every point, ... *)
Lemma all_real_smooth P n X x i : parametric P -> within n X x ->
  all_real (dual_entry (duals_of P X) i) = true ->
  smooth (derivatives P n x i).
Proof.
intros HP HX HR. destruct (duals_correct P n X x i HP HX) as [V D].
apply andb_prop in HR. destruct HR as [R1 R2]. split; [exact (real_correct _ _ R1 V)|].
rewrite forallb_forall in R2. induction D as [|u y l l' K D IH]; constructor.
- apply (real_correct u); [apply R2; now left | exact K].
- apply IH. intros; apply R2. now right.
Qed.

(** ... and its derivatives are enclosed. *)
Lemma slope_correct P n X x i j : parametric P -> within n X x ->
  all_real (dual_entry (duals_of P X) i) = true ->
  holds (slope (duals_of P X) i j) (jac P n x i j).
Proof.
intros HP HX HR. destruct (duals_correct P n X x i HP HX) as [_ D].
destruct (all_real_smooth P n X x i HP HX HR) as [_ S].
pose proof (r_nth _ _ _ (intervals_correct prec) j _ _ D) as K.
unfold slope, jac. change (zero extended) with (Xreal 0) in K.
assert (R : is_real (nth j (snd (derivatives P n x i)) (Xreal 0))).
{ destruct (nth_in_or_default j (snd (derivatives P n x i)) (Xreal 0)) as [N|N]; [|now rewrite N].
  rewrite Forall_forall in S. now apply S. }
red in R. now rewrite R in K.
Qed.

(** A program without undefined derivatives on X has its Jacobian there. *)
Lemma duals_jacobian P n m X : parametric P ->
  every m (fun i => all_real (dual_entry (duals_of P X) i)) = true ->
  jacobian n m (within n X) (meaning P n) (jac P n).
Proof.
intros HP HR. apply program_jacobian; [exact HP|]. intros x i Hx Hi.
apply (all_real_smooth P n X); try assumption. exact (every_spec _ _ HR i Hi).
Qed.
End Precision.
End Enclosures.
