(** Diagonal dominance: matrices near the unit matrix are injective, and what is near a sum of squares is
    positive. *)
From Coq Require Import Reals Lra Lia Psatz.
From Hallucert.theory Require Import vectors.
Open Scope R_scope.

(** A matrix that maps no vector but 0 to 0. *)
Definition injective (n : nat) (A : mat) : Prop :=
  forall v, (forall i, (i < n)%nat -> mv n A v i = 0) -> forall i, (i < n)%nat -> v i = 0.

(** Among finitely many numbers [|v i| / r i] one is the largest. *)
Lemma largest n (v r : vec) : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < r i) ->
  exists k q, (k < n)%nat /\ Rabs (v k) = q * r k /\ forall i, (i < n)%nat -> Rabs (v i) <= q * r i.
Proof.
  induction n as [|n IH]; intros Hn Hr; [lia|]. assert (Rn : 0 < r n) by (apply Hr; lia).
  assert (E : Rabs (v n) = Rabs (v n) / r n * r n) by (field; lra).
  destruct (Nat.eq_dec n 0) as [->|N].
  - exists 0%nat, (Rabs (v 0%nat) / r 0%nat). split; [lia|]. split; [exact E|].
    intros i Hi. replace i with 0%nat by lia. lra.
  - destruct IH as [k [q [Hk [Ek Hq]]]]; [lia | intros; apply Hr; lia|].
    destruct (Rle_dec (Rabs (v n)) (q * r n)) as [L|L].
    + exists k, q. repeat split; [lia | exact Ek|]. intros i Hi.
      destruct (Nat.eq_dec i n) as [->|]; [exact L | apply Hq; lia].
    + exists n, (Rabs (v n) / r n). split; [lia|]. split; [exact E|]. intros i Hi.
      destruct (Nat.eq_dec i n) as [->|]; [lra|].
      apply Rle_trans with (q * r i); [apply Hq; lia|]. apply Rmult_le_compat_r; [apply Rlt_le, Hr; lia|].
      apply Rnot_le_lt in L. apply Rmult_le_reg_r with (r n); lra.
Qed.

(** If [|I - B| r < r] for a positive vector [r], then [B] is injective. *)
Lemma near_unit_injective n (B : mat) (r : vec) :
  (forall i, (i < n)%nat -> 0 < r i) ->
  (forall i, (i < n)%nat -> sum n (fun j => Rabs (delta i j - B i j) * r j) < r i) -> injective n B.
Proof.
  intros Hr H v Hv. destruct (Nat.eq_dec n 0) as [->|N]; [intros; lia|].
  destruct (largest n v r) as [k [q [Hk [Ek Hq]]]]; [lia | exact Hr|].
  assert (V : v k = sum n (fun j => (delta k j - B k j) * v j)).
  { rewrite (sum_ext n _ (fun j => delta k j * v j - B k j * v j)) by (intros; ring).
    rewrite sum_minus, sum_delta by exact Hk. specialize (Hv k Hk). unfold mv in Hv. lra. }
  assert (L : Rabs (v k) <= q * sum n (fun j => Rabs (delta k j - B k j) * r j)).
  { rewrite V at 1. eapply Rle_trans; [apply sum_abs|]. rewrite <- sum_scal. apply sum_le. intros j Hj.
    rewrite Rabs_mult. specialize (Hq j Hj). pose proof (Rabs_pos (delta k j - B k j)). nra. }
  pose proof (Hr k Hk) as Rk. specialize (H k Hk). pose proof (Rabs_pos (v k)).
  assert (Q : q = 0) by nra. intros i Hi. specialize (Hq i Hi). rewrite Q, Rmult_0_l in Hq.
  destruct (Req_dec (v i) 0) as [Z|Z]; [exact Z|].
  apply Rabs_pos_lt in Z. lra.
Qed.

(** A left factor or an approximate left inverse passes injectivity on. *)
Lemma product_injective n (M A : mat) : injective n (mm n M A) -> injective n A.
Proof.
  intros H v Hv. apply H. intros i Hi. rewrite mv_mm. now apply mv_zero.
Qed.

(** The quadratic form [v^T H v]. *)
Definition form (n : nat) (H : mat) (v : vec) : R := sum n (fun i => v i * mv n H v i).

(** Positive and negative definite matrices. *)
Definition positive (n : nat) (H : mat) : Prop := forall v, ~ eqv n v (fun _ => 0) -> 0 < form n H v.

(** [v^T S^T S v] is a sum of squares. *)
Definition gram (n : nat) (S : mat) : mat := fun i j => sum n (fun k => S k i * S k j).

Lemma gram_form n S v : form n (gram n S) v = sum n (fun k => mv n S v k * mv n S v k).
Proof.
  unfold form, mv, gram.
  rewrite (sum_ext n _ (fun i => sum n (fun k => v i * S k i * sum n (fun j => S k j * v j)))).
  - rewrite sum_swap. apply sum_ext. intros k _. rewrite <- sum_scal_r. apply sum_ext. intros. ring.
  - intros i _. rewrite <- sum_scal.
    rewrite (sum_ext n _ (fun j => sum n (fun k => v i * S k i * (S k j * v j)))).
    + rewrite sum_swap. apply sum_ext. intros k _. now rewrite <- sum_scal.
    + intros j _. rewrite <- sum_scal_r, <- sum_scal. apply sum_ext. intros. ring.
Qed.

(** Off the diagonal, and on it. *)
Definition off (i j : nat) : R := 1 - delta i j.

Lemma off_nonneg i j : 0 <= off i j.
Proof. unfold off, delta. destruct (Nat.eqb i j); lra. Qed.

(** [v_i E_ij v_j] off the diagonal is at least [- (|E_ij| v_i^2 + |E_ij| v_j^2) / 2]. *)
Lemma product_lower e a b : - (Rabs e * (a * a) + Rabs e * (b * b)) / 2 <= a * (e * b).
Proof.
  destruct (Rle_dec 0 e).
  - rewrite Rabs_pos_eq by lra. assert (0 <= e * Rsqr (a + b)) by (apply Rmult_le_pos;
    [lra | apply Rle_0_sqr]).
    unfold Rsqr in *. lra.
  - rewrite Rabs_left by lra. assert (0 <= - e * Rsqr (a - b)) by (apply Rmult_le_pos;
    [lra | apply Rle_0_sqr]).
    unfold Rsqr in *. lra.
Qed.

(** A matrix whose diagonal dominates the mean of its row and its column is positive definite. *)
Lemma dominant_positive n (E : mat) :
  (forall i, (i < n)%nat -> sum n (fun j => off i j * (Rabs (E i j) + Rabs (E j i))) < 2 * E i i) ->
    positive n E.
Proof.
  intros H v Hv. set (s := fun i => 2 * E i i - sum n (fun j => off i j * (Rabs (E i j) + Rabs (E j i)))).
  assert (L : sum n (fun i => s i * (v i * v i)) <= 2 * form n E v).
  { apply Rle_trans with (sum n (fun i => sum n (fun j =>
      2 * (delta i j * (E i j * (v i * v j))) - off i j * (Rabs (E i j) * (v i * v i) + Rabs (E i j)
        * (v j * v j))))).
    - right. unfold s.
      rewrite (sum_ext n _ (fun i => 2 * (E i i * (v i * v i)) - (sum n (fun j => off i j * Rabs (E i j)
        * (v i * v i)) +
        sum n (fun j => off i j * Rabs (E j i) * (v i * v i))))).
      + rewrite (sum_ext n (fun i => sum n _) (fun i => 2 * (E i i * (v i * v i)) -
          (sum n (fun j => off i j * Rabs (E i j) * (v i * v i)) + sum n (fun j => off i j * Rabs (E i j)
            * (v j * v j))))).
        * rewrite !sum_minus, !sum_plus. do 2 f_equal. rewrite sum_swap. apply sum_ext. intros i _.
          apply sum_ext.
          intros j _. unfold off, delta. rewrite Nat.eqb_sym. ring.
        * intros i Hi. rewrite sum_minus, sum_scal, sum_delta by exact Hi. f_equal. rewrite <- sum_plus.
          apply sum_ext. intros. ring.
      + intros i _. rewrite Rmult_minus_distr_r. f_equal; [ring|]. rewrite <- sum_scal_r, <- sum_plus.
        apply sum_ext. intros. ring.
    - unfold form. rewrite <- sum_scal. apply sum_le. intros i _. unfold mv. rewrite <- !sum_scal.
      apply sum_le.
      intros j _. pose proof (product_lower (E i j) (v i) (v j)). pose proof (off_nonneg i j).
      unfold off in *. revert H1. unfold delta. destruct (Nat.eqb i j); nra. }
  destruct (eqv_dec n v (fun _ => 0)) as [Z|[i [Hi Z]]]; [contradiction|].
  assert (P : 0 < sum n (fun i => s i * (v i * v i))); [|lra].
  assert (S : forall k, (k < n)%nat -> 0 < s k) by (intros k Hk; unfold s; specialize (H k Hk); lra).
  apply (sum_pos n _ i Hi).
  - intros k Hk. apply Rmult_le_pos; [now apply Rlt_le, S | apply Rle_0_sqr].
  - apply Rmult_lt_0_compat; [now apply S | now apply Rsqr_pos_lt].
Qed.

(** The criterion: [H] minus a sum of squares has a dominant diagonal. *)
Lemma positive_criterion n (H S : mat) :
  (forall i, (i < n)%nat ->
    sum n (fun j => off i j * (Rabs (H i j - gram n S i j) + Rabs (H j i - gram n S j i)))
      < 2 * (H i i - gram n S i i)) ->
  positive n H.
Proof.
  intros C v Hv. pose proof (dominant_positive n (fun i j => H i j - gram n S i j) C v Hv) as P.
  assert (G : 0 <= form n (gram n S) v).
  { rewrite gram_form. apply sum_nonneg. intros k _. apply Rle_0_sqr. }
  replace (form n H v) with (form n (fun i j => H i j - gram n S i j) v + form n (gram n S) v); [lra|].
  unfold form. rewrite <- sum_plus. apply sum_ext. intros i _. rewrite <- Rmult_plus_distr_l. f_equal.
  unfold mv. rewrite <- sum_plus. apply sum_ext. intros. ring.
Qed.
