(** Checks of inequalities between sums and products of real numbers, with intervals for the entries. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors.
From Hallucert.tapes Require Import tape relations reals programs intervals.
Import ListNotations.
Open Scope R_scope.

(** Lists of lists as matrices: entries, and the matrix of the values of a function. *)
Definition entry {X} (z : X) (M : list (list X)) (i j : nat) : X := nth j (nth i M []) z.
Definition table {X} (n : nat) (f : nat -> X) : list X := map f (seq 0 n).
Definition table2 {X} (n : nat) (f : nat -> nat -> X) : list (list X) := table n (fun i => table n (f i)).

Lemma nth_table {X} n (f : nat -> X) i z : (i < n)%nat -> nth i (table n f) z = f i.
Proof.
intros H. unfold table. rewrite nth_indep with (d' := f 0%nat); [|now rewrite map_length, seq_length].
now rewrite map_nth, seq_nth.
Qed.

Lemma entry_table {X} n (f : nat -> nat -> X) i j z : (i < n)%nat -> (j < n)%nat ->
  entry z (table2 n f) i j = f i j.
Proof. intros H K. unfold entry, table2. rewrite nth_table by exact H. now apply nth_table. Qed.

(** What holds for all i < n, as a check. *)
Definition every (n : nat) (p : nat -> bool) : bool := forallb p (seq 0 n).

Lemma every_spec n p : every n p = true -> forall i, (i < n)%nat -> p i = true.
Proof. unfold every. rewrite forallb_forall. intros H i Hi. apply H, in_seq. lia. Qed.

(** Data of a file as vectors and matrices of real numbers. *)
Definition numbers (l : list number) : vec := vec_of (map to_real l).
Definition matrix (l : list (list number)) : mat := fun i j => to_real (entry (Ratio 0 1) l i j).

Module Bounds (I : IntervalOps).
Module Export N := Intervals I.

Section Precision.
Variable prec : I.F.precision.
Notation type := I.type.
Notation holds i r := (contains (I.convert i) (Xreal r)).

Definition int (k : Z) : type := I.fromZ prec k.
Definition zero_i : type := int 0.

Lemma int_correct k : holds (int k) (IZR k).
Proof. apply I.fromZ_correct. Qed.

(** Sums and products, as in [theory.vectors]. *)
Fixpoint isum (n : nat) (a : nat -> type) : type :=
  match n with O => zero_i | S k => I.add prec (isum k a) (a k) end.

Lemma isum_correct n a b : (forall i, (i < n)%nat -> holds (a i) (b i)) -> holds (isum n a) (sum n b).
Proof.
induction n as [|n IH]; simpl; intros H; [apply int_correct|].
apply (I.add_correct prec _ _ (Xreal _) (Xreal _)); [apply IH; intros|]; apply H; lia.
Qed.

Lemma imul_correct i j x y : holds i x -> holds j y -> holds (I.mul prec i j) (x * y).
Proof. intros H K. exact (I.mul_correct prec _ _ _ _ H K). Qed.
Lemma iadd_correct i j x y : holds i x -> holds j y -> holds (I.add prec i j) (x + y).
Proof. intros H K. exact (I.add_correct prec _ _ _ _ H K). Qed.
Lemma isub_correct i j x y : holds i x -> holds j y -> holds (I.sub prec i j) (x - y).
Proof. intros H K. exact (I.sub_correct prec _ _ _ _ H K). Qed.
Lemma iabs_correct i x : holds i x -> holds (I.abs i) (Rabs x).
Proof. intros H. exact (I.abs_correct _ _ H). Qed.

Definition idelta (i j : nat) : type := int (if Nat.eqb i j then 1 else 0).
Lemma idelta_correct i j : holds (idelta i j) (delta i j).
Proof. unfold idelta, delta. destruct (Nat.eqb i j); apply int_correct. Qed.

(** Intervals for data. *)
Definition ivector (l : list number) (i : nat) : type := enclosure prec (nth i l (Ratio 0 1)).
Definition imatrix (l : list (list number)) (i j : nat) : type := enclosure prec (entry (Ratio 0 1) l i j).

Lemma ivector_correct l i : holds (ivector l i) (numbers l i).
Proof. unfold numbers, vec_of. change 0 with (to_real (Ratio 0 1)). rewrite map_nth. apply enclosure_correct.
Qed.
Lemma imatrix_correct l i j : holds (imatrix l i j) (matrix l i j).
Proof. apply enclosure_correct. Qed.

(** Product of matrices, and of a matrix and a vector. *)
Definition imm (n : nat) (A B : nat -> nat -> type) (i j : nat) : type :=
  isum n (fun k => I.mul prec (A i k) (B k j)).
Definition imv (n : nat) (A : nat -> nat -> type) (v : nat -> type) (i : nat) : type :=
  isum n (fun j => I.mul prec (A i j) (v j)).

Definition bounds (n : nat) (A : nat -> nat -> type) (M : mat) :=
  forall i j, (i < n)%nat -> (j < n)%nat -> holds (A i j) (M i j).

Lemma imm_correct n A B M N : bounds n A M -> bounds n B N -> bounds n (imm n A B) (mm n M N).
Proof. intros H K i j Hi Hj. apply isum_correct. intros k Hk. apply imul_correct; auto. Qed.

Lemma imv_correct n A M v w i : bounds n A M -> (forall j, (j < n)%nat -> holds (v j) (w j)) ->
  (i < n)%nat -> holds (imv n A v i) (mv n M w i).
Proof. intros H K Hi. apply isum_correct. intros k Hk. apply imul_correct; auto. Qed.

(** A matrix computed once. *)
Definition stored (n : nat) (A : nat -> nat -> type) : nat -> nat ->
  type := let t := table2 n A in entry zero_i t.
Lemma stored_correct n A M : bounds n A M -> bounds n (stored n A) M.
Proof. intros H i j Hi Hj. unfold stored. rewrite entry_table by assumption. now apply H. Qed.

(** Signs. *)
Definition surely_positive (i : type) : bool := match I.sign_strict i with Xgt => true | _ => false end.
Definition surely_nonnegative (i : type) : bool := match I.sign_large i with Xgt | Xeq => true | _ => false
  end.

Lemma surely_positive_correct i x : surely_positive i = true -> holds i x -> 0 < x.
Proof.
unfold surely_positive. pose proof (I.sign_strict_correct i) as H.
destruct (I.sign_strict i); try discriminate.
intros _ X. now destruct (H _ X).
Qed.

Lemma surely_nonnegative_correct i x : surely_nonnegative i = true -> holds i x -> 0 <= x.
Proof.
unfold surely_nonnegative. pose proof (I.sign_large_correct i) as H.
destruct (I.sign_large i); try discriminate; intros _ X.
- specialize (H _ X). injection H as ->. lra.
- now destruct (H _ X).
Qed.

(** The largest member of a bounded interval. *)
Definition top (i : type) : R := proj_val (I.F.convert (I.upper i)).

Lemma top_correct i x : I.bounded i = true -> holds i x -> holds i (top i) /\ x <= top i.
Proof.
intros B X. destruct (I.bounded_correct i B) as [L U].
destruct (I.lower_bounded_correct i L) as [L1 L2]. destruct (I.upper_bounded_correct i U) as [U1 U2].
unfold I.bounded_prop in U2. rewrite U2 in * by (exists x; exact X). unfold top.
rewrite L1, U1 in *. simpl in *. lra.
Qed.

(** The interval of radius r around c. *)
Definition ball (c r : type) : type := I.join (I.sub prec c r) (I.add prec c r).

Lemma ball_correct c r x y z : holds c x -> holds r y -> Rabs (z - x) <= y -> holds (ball c r) z.
Proof.
intros C D H. apply Rcomplements.Rabs_le_between in H.
apply (contains_connected _ (x - y) (x + y)); [| |lra]; apply I.join_correct; [left | right].
- now apply isub_correct.
- now apply iadd_correct.
Qed.

Definition iball (c r : list number) (n : nat) : list type :=
  table n (fun i => ball (ivector c i) (ivector r i)).

(** Defined: no undefined value, no undefined derivative. *)
Definition all_real (x : type * list type) : bool := I.real (fst x) && forallb I.real (snd x).

Lemma real_correct i x : I.real i = true -> contains (I.convert i) x -> x = Xreal (proj_val x).
Proof. rewrite I.real_correct. destruct (I.convert i); [discriminate|]. now destruct x. Qed.
End Precision.
End Bounds.
