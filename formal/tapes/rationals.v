(** Exact arithmetic with the numbers of a file: two matrices are inverse to each other. *)
From Coq Require Import Reals QArith Qreals Lra Lia ZArith Bool.
From Coq Require Import List.
From Hallucert.theory Require Import vectors descent.
From Hallucert.tapes Require Import tape reals programs bounds.
Open Scope R_scope.

Definition rational (c : number) : Q :=
  match c with
  | Dyadic m Z0 => inject_Z m
  | Dyadic m (Zpos e) => inject_Z (m * Zpos (2 ^ e))
  | Dyadic m (Zneg e) => Qmake m (2 ^ e)
  | Ratio p q => Qmake p q
  end.

Lemma power_of_two e : IZR (Zpos (2 ^ e)) = 2 ^ Pos.to_nat e.
Proof. rewrite Pos2Z.inj_pow, <- (positive_nat_Z e). symmetry. apply pow_IZR. Qed.

Lemma rational_correct c : Q2R (rational c) = to_real c.
Proof.
destruct c as [m [|e|e]|p q]; unfold Q2R; simpl.
- field.
- rewrite mult_IZR, power_of_two. field.
- rewrite power_of_two. field. apply pow_nonzero. lra.
- destruct q; try reflexivity. field.
Qed.

(** Sums of products, reduced to lowest terms in each step. *)
Fixpoint qsum (n : nat) (a : nat -> Q) : Q := match n with O => 0%Q | S k => Qred (qsum k a + a k) end.

Lemma qsum_correct n a b : (forall i, Q2R (a i) = b i) -> Q2R (qsum n a) = sum n b.
Proof.
intros H. induction n as [|n IH]; [unfold Q2R; simpl; field|]. cbn [qsum sum].
rewrite (Qeq_eqR _ _ (Qred_correct _)), Q2R_plus. now rewrite IH, H.
Qed.

Definition rational_matrix (l : list (list number)) (i j : nat) : Q := rational (entry (Ratio 0 1) l i j).
Definition product_is_one (n : nat) (A B : list (list number)) : bool :=
  every n (fun i => every n (fun j =>
    Qeq_bool (qsum n (fun k => rational_matrix A i k * rational_matrix B k j)%Q)
      (if Nat.eqb i j then 1 else 0))).

Lemma product_is_one_correct n A B : product_is_one n A B = true ->
  forall i j, (i < n)%nat -> (j < n)%nat -> mm n (matrix A) (matrix B) i j = delta i j.
Proof.
intros H i j Hi Hj. pose proof (every_spec _ _ (every_spec _ _ H i Hi) j Hj) as E.
apply Qeq_bool_eq, Qeq_eqR in E. unfold mm. rewrite <-
  (qsum_correct n (fun k => (rational_matrix A i k * rational_matrix B k j)%Q)).
- rewrite E. unfold delta. destruct (Nat.eqb i j); unfold Q2R; simpl; field.
- intros k. rewrite Q2R_mult. unfold rational_matrix, matrix. now rewrite !rational_correct.
Qed.

Definition inverses (n : nat) (W V : list (list number)) : bool :=
  product_is_one n W V && product_is_one n V W.

Lemma inverses_correct n W V : inverses n W V = true -> inverse n (matrix W) (matrix V).
Proof.
intros H. apply andb_prop in H. destruct H as [H K]. intros i j Hi Hj.
split; [now apply (product_is_one_correct n W V H) | now apply (product_is_one_correct n V W K)].
Qed.
