(** Vectors of R^n and finite sums.

    A vector is a function [nat -> R] of which only the entries [0 .. n-1] count, and a matrix one of two
    indices. The dimension [n] is an argument wherever it matters. *)
From Coq Require Import Reals Lra Lia Psatz.
Open Scope R_scope.

Definition vec := nat -> R.
Definition mat := nat -> nat -> R.

(** [a 0 + ... + a (n-1)] *)
Fixpoint sum (n : nat) (a : nat -> R) : R :=
  match n with O => 0 | S k => sum k a + a k end.

(** Products: matrix and vector, matrix and matrix (over [n] indices); unit matrix; transposed matrix. *)
Definition mv (n : nat) (A : mat) (v : vec) : vec := fun i => sum n (fun j => A i j * v j).
Definition mm (n : nat) (A B : mat) : mat := fun i j => sum n (fun k => A i k * B k j).
Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.

(** Two vectors of R^n are equal. *)
Definition eqv (n : nat) (x y : vec) : Prop := forall i, (i < n)%nat -> x i = y i.

(** The box with centre [c] and half widths [r], closed and open. *)
Definition box (n : nat) (c r x : vec) : Prop := forall i, (i < n)%nat -> Rabs (x i - c i) <= r i.
Definition inside (n : nat) (c r x : vec) : Prop := forall i, (i < n)%nat -> Rabs (x i - c i) < r i.

(** Sums of equal, of smaller, of nonnegative terms. *)
Lemma sum_ext n a b : (forall i, (i < n)%nat -> a i = b i) -> sum n a = sum n b.
Proof.
  induction n as [|n IH]; simpl; intros H; [reflexivity|].
  rewrite IH by (intros; apply H; lia). now rewrite H by lia.
Qed.

Lemma sum_le n a b : (forall i, (i < n)%nat -> a i <= b i) -> sum n a <= sum n b.
Proof.
  induction n as [|n IH]; simpl; intros H; [lra|].
  apply Rplus_le_compat; [apply IH; intros|]; apply H; lia.
Qed.

Lemma sum_nonneg n a : (forall i, (i < n)%nat -> 0 <= a i) -> 0 <= sum n a.
Proof.
  induction n as [|n IH]; simpl; intros H; [lra|].
  apply Rplus_le_le_0_compat; [apply IH; intros|]; apply H; lia.
Qed.

Lemma sum_zero n : sum n (fun _ => 0) = 0.
Proof. induction n as [|n IH]; simpl; [reflexivity | rewrite IH; ring]. Qed.

(** Sums are linear. *)
Lemma sum_plus n a b : sum n (fun i => a i + b i) = sum n a + sum n b.
Proof. induction n as [|n IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma sum_minus n a b : sum n (fun i => a i - b i) = sum n a - sum n b.
Proof. induction n as [|n IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma sum_scal n k a : sum n (fun i => k * a i) = k * sum n a.
Proof. induction n as [|n IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma sum_scal_r n k a : sum n (fun i => a i * k) = sum n a * k.
Proof. induction n as [|n IH]; simpl; [ring | rewrite IH; ring]. Qed.

(** The order of two summations does not matter. *)
Lemma sum_swap n m (a : nat -> nat -> R) :
  sum n (fun i => sum m (a i)) = sum m (fun j => sum n (fun i => a i j)).
Proof.
  induction n as [|n IH]; simpl; [now rewrite sum_zero|].
  now rewrite IH, <- sum_plus.
Qed.

(** Triangle inequality. *)
Lemma sum_abs n a : Rabs (sum n a) <= sum n (fun i => Rabs (a i)).
Proof.
  induction n as [|n IH]; simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang | lra].
Qed.

(** One term of a sum of nonnegative ones, and a sum of which one term is positive. *)
Lemma sum_term n a i : (i < n)%nat -> (forall k, (k < n)%nat -> 0 <= a k) -> a i <= sum n a.
Proof.
  induction n as [|n IH]; simpl; intros Hi H; [lia|].
  assert (0 <= sum n a) by (apply sum_nonneg; intros; apply H; lia).
  assert (0 <= a n) by (apply H; lia).
  destruct (Nat.eq_dec i n) as [->|N]; [lra|].
  assert (a i <= sum n a) by (apply IH; [lia | intros; apply H; lia]). lra.
Qed.

Lemma sum_pos n a i : (i < n)%nat -> (forall k, (k < n)%nat -> 0 <= a k) -> 0 < a i -> 0 < sum n a.
Proof. intros Hi H P. pose proof (sum_term n a i Hi H). lra. Qed.

(** A sum against a column of the unit matrix. *)
Lemma sum_delta n i a : (i < n)%nat -> sum n (fun j => delta i j * a j) = a i.
Proof.
  intros H. induction n as [|n IH]; [lia|]. simpl. unfold delta at 2.
  destruct (Nat.eq_dec i n) as [->|N].
  - rewrite Nat.eqb_refl, (sum_ext n _ (fun _ => 0)), sum_zero; [ring|].
    intros j Hj. unfold delta. replace (Nat.eqb n j) with false by (symmetry; apply Nat.eqb_neq; lia). ring.
  - replace (Nat.eqb i n) with false by (symmetry; apply Nat.eqb_neq; lia). rewrite IH by lia. ring.
Qed.

(** The unit matrix maps each vector to itself; products of matrices are products of maps. *)
Lemma mv_delta n v i : (i < n)%nat -> mv n delta v i = v i.
Proof. intros H. unfold mv. now apply sum_delta. Qed.

Lemma mv_mm n A B v i : mv n (mm n A B) v i = mv n A (mv n B v) i.
Proof.
  unfold mv, mm. rewrite (sum_ext n _ (fun j => sum n (fun k => A i k * (B k j * v j)))).
  - rewrite sum_swap. apply sum_ext. intros k _. now rewrite <- sum_scal.
  - intros j _. rewrite <- sum_scal_r. apply sum_ext. intros k _. ring.
Qed.

Lemma mv_ext n A B v w i :
  (forall j, (j < n)%nat -> A i j = B i j) -> eqv n v w -> mv n A v i = mv n B w i.
Proof. intros HA Hv. apply sum_ext. intros j Hj. now rewrite HA, Hv. Qed.

Lemma mv_plus n A v w i : mv n A (fun j => v j + w j) i = mv n A v i + mv n A w i.
Proof. unfold mv. rewrite <- sum_plus. apply sum_ext. intros. ring. Qed.

Lemma mv_minus n A v w i : mv n A (fun j => v j - w j) i = mv n A v i - mv n A w i.
Proof. unfold mv. rewrite <- sum_minus. apply sum_ext. intros. ring. Qed.

Lemma mv_scal n A k v i : mv n A (fun j => k * v j) i = k * mv n A v i.
Proof. unfold mv. rewrite <- sum_scal. apply sum_ext. intros. ring. Qed.

Lemma mv_zero n A v i : (forall j, (j < n)%nat -> v j = 0) -> mv n A v i = 0.
Proof.
  intros H. unfold mv. rewrite (sum_ext n _ (fun _ => 0)); [apply sum_zero|].
  intros j Hj. rewrite H by exact Hj. ring.
Qed.

(** Entries of [A v] are bounded by those of [|A| |v|]. *)
Lemma mv_abs n A v i : Rabs (mv n A v i) <= sum n (fun j => Rabs (A i j) * Rabs (v j)).
Proof.
  eapply Rle_trans; [apply sum_abs|]. apply sum_le. intros j _. rewrite Rabs_mult. lra.
Qed.

Lemma mv_bound n A v (K r : vec) i :
  (forall j, (j < n)%nat -> Rabs (A i j) <= K j) -> (forall j, (j < n)%nat -> Rabs (v j) <= r j) ->
  Rabs (mv n A v i) <= sum n (fun j => K j * r j).
Proof.
  intros HA Hv. eapply Rle_trans; [apply mv_abs|]. apply sum_le. intros j Hj.
  apply Rmult_le_compat; try apply Rabs_pos; auto.
Qed.

(** Sums of products with the same nonnegative coefficients. *)
Lemma sum_mult_le n (k a b : vec) :
  (forall i, (i < n)%nat -> 0 <= k i) -> (forall i, (i < n)%nat -> a i <= b i) ->
  sum n (fun i => k i * a i) <= sum n (fun i => k i * b i).
Proof. intros Hk H. apply sum_le. intros i Hi. apply Rmult_le_compat_l; auto. Qed.

(** Boxes: the centre; points inside are in the box. *)
Lemma box_centre n c r : (forall i, (i < n)%nat -> 0 <= r i) -> box n c r c.
Proof. intros H i Hi. rewrite Rminus_eq_0, Rabs_R0. now apply H. Qed.

Lemma inside_box n c r x : inside n c r x -> box n c r x.
Proof. intros H i Hi. apply Rlt_le, H, Hi. Qed.

(** Either two vectors of R^n are equal, or they differ in an entry. *)
Lemma eqv_dec n x y : eqv n x y \/ exists i, (i < n)%nat /\ x i <> y i.
Proof.
  induction n as [|n [IH|[i [Hi N]]]].
  - left. intros i Hi. lia.
  - destruct (Req_dec (x n) (y n)) as [E|N].
    + left. intros i Hi. destruct (Nat.eq_dec i n) as [->|]; [exact E | apply IH; lia].
    + right. exists n. split; [lia | exact N].
  - right. exists i. split; [lia | exact N].
Qed.

Lemma eqv_refl n x : eqv n x x.
Proof. intros i _. reflexivity. Qed.

Lemma eqv_sym n x y : eqv n x y -> eqv n y x.
Proof. intros H i Hi. symmetry. now apply H. Qed.

Lemma eqv_trans n x y z : eqv n x y -> eqv n y z -> eqv n x z.
Proof. intros H K i Hi. rewrite H by exact Hi. now apply K. Qed.
