(** A sum of squares on a slice of R^n: the programs, and what they mean in the words of theory/residual.v. *)
From Coq Require Import Reals Lra Lia ZArith.
From Coq Require Import List.
From Hallucert.theory Require Import vectors jacobian sam residual.
From Hallucert.tapes Require Import tape relations reals programs bounds.
Import ListNotations.
Open Scope R_scope.

(** The residuals, the points of the slice, and the residuals where SAM looks from these. *)
Definition residual_program (t : tape) : program := fun A a xs => eval a t xs.
Definition slice_program base rows : program := fun A a z => on_slice a base rows z.
Definition sliced_program s rho t n base rows : program :=
  fun A a z => shifted_residuals a s rho (Squares t n) base rows z.

Lemma slice_parametric base rows : parametric (slice_program base rows).
Proof. intros A B R a b xs ys C H. now apply (r_slice R). Qed.
Lemma sliced_parametric s rho t n base rows : parametric (sliced_program s rho t n base rows).
Proof. intros A B R a b xs ys C H. now apply (r_shifted_residuals R). Qed.

(** The product of two lists of the same length is a sum. *)
Lemma dot_sum u v : length u = length v -> dot reals u v = sum (length v) (fun j => vec_of u j * vec_of v j).
Proof.
intros L. unfold dot. rewrite sum_from_zero_sum, map_length, combine_length, L, Nat.min_id. apply sum_ext.
intros i Hi. unfold vec_of. rewrite nth_indep with (d' := (fun p => fst p * snd p) (0, 0))
  by (rewrite map_length, combine_length; lia).
rewrite (map_nth (fun p => fst p * snd p)), combine_nth by exact L. reflexivity.
Qed.

(** The shape of a slice: n rows of m numbers. *)
Definition shaped (n m : nat) (base : list number) (rows : list (list number)) : bool :=
  Nat.eqb (length base) n && Nat.eqb (length rows) n && forallb (fun row => Nat.eqb (length row) m) rows.

Lemma shaped_spec n m base rows : shaped n m base rows = true ->
  length base = n /\ length rows = n /\ forall row, In row rows -> length row = m.
Proof.
unfold shaped. rewrite !Bool.andb_true_iff, !Nat.eqb_eq, forallb_forall. intros [[H1 H2] H3].
repeat split; try assumption. intros row Hr. now apply Nat.eqb_eq, H3.
Qed.

Lemma slice_length m base rows z : length base = length rows ->
  length (on_slice reals base rows (list_of m z)) = length base.
Proof. intros L. unfold on_slice. rewrite map_length, combine_length. lia. Qed.

(** The program of the slice. *)
Lemma slice_meaning n m base rows z : shaped n m base rows = true ->
  list_of n (slice m (numbers base) (matrix rows) z) = on_slice reals base rows (list_of m z).
Proof.
intros H. destruct (shaped_spec _ _ _ _ H) as [L1 [L2 L3]].
apply (nth_ext _ _ 0 0); [rewrite list_of_length, slice_length; congruence|].
intros i Hi. rewrite list_of_length in Hi. rewrite nth_list_of by exact Hi. unfold on_slice.
set (g := fun p : number * list number => _).
rewrite nth_indep with (d' := g (Ratio 0 1, [])) by (rewrite map_length, combine_length; lia).
rewrite map_nth, combine_nth by congruence. unfold g, slice. simpl. f_equal.
- unfold numbers, vec_of. exact (map_nth to_real base (Ratio 0 1) i).
- set (row := nth i rows []). assert (Lr : length row = m) by (apply L3, nth_In; congruence).
  rewrite dot_sum by (rewrite map_length, list_of_length; exact Lr). rewrite list_of_length. apply sum_ext.
  intros j Hj. unfold vec_of. rewrite nth_list_of by exact Hj. f_equal. unfold matrix, entry.
  symmetry. exact (map_nth to_real row (Ratio 0 1) j).
Qed.

(** The residuals where SAM looks from a point of the slice. *)
Lemma sliced_meaning s rho t w n m base rows z : shaped n m base rows = true ->
  meaning (residual_program t) n (meaning (ascent_program s rho (Squares t w)) n
    (slice m (numbers base) (matrix rows) z)) =
  meaning (sliced_program s rho t w base rows) m z.
Proof.
intros H. destruct (shaped_spec _ _ _ _ H) as [L1 [L2 _]]. unfold meaning at 1 2, ascent_program.
rewrite (slice_meaning n m) by exact H. rewrite list_of_vec_of; [reflexivity|].
rewrite ascent_length, slice_length; congruence.
Qed.

(** A sum of squares is not negative, and vanishes exactly if all of them do. *)
Lemma total_sum l : total reals l = sum (length l) (vec_of l).
Proof.
rewrite <- sum_from_zero_sum. destruct l as [|x l]; [reflexivity|].
unfold sum_from_zero. simpl. f_equal. unfold zero, integer. simpl. ring.
Qed.

Lemma squares_zero l : 0 <= sum (length l) (fun i => vec_of l i ^ 2) /\
  (sum (length l) (fun i => vec_of l i ^ 2) = 0 <-> forall i, (i < length l)%nat -> vec_of l i = 0).
Proof.
assert (N : forall i, 0 <= vec_of l i ^ 2) by (intros i; apply pow2_ge_0).
split; [now apply sum_nonneg|]. split.
- intros Z i Hi. pose proof (sum_term (length l) (fun i => vec_of l i ^ 2) i Hi (fun k _ => N k)) as T.
  cbv beta in T.
  rewrite Z in T. specialize (N i). assert (E : vec_of l i ^ 2 = 0) by lra. nra.
- intros Z. rewrite (sum_ext _ _ (fun _ => 0)); [apply sum_zero|]. intros i Hi. rewrite Z by exact Hi. ring.
Qed.

Lemma function_squares t w n x : 0 < to_real w ->
  0 <= function (Squares t w) n x /\
  (function (Squares t w) n x = 0 <-> forall i, (i < length (outputs t))%nat ->
    meaning (residual_program t) n x i = 0).
Proof.
intros W. unfold meaning, residual_program. set (l := eval reals t (list_of n x)).
assert (L : length l = length (outputs t)) by (unfold l, eval; now rewrite map_length).
rewrite <- L. destruct (squares_zero l) as [S1 S2].
assert (E : function (Squares t w) n x = sum (length l) (fun i => vec_of l i ^ 2) / (2 * to_real w)).
{ unfold function, value. fold l. cbn [div reals]. f_equal. rewrite total_sum, map_length. apply sum_ext.
  intros i Hi.
  unfold vec_of. rewrite nth_indep with (d' := (fun y => y ^ 2) 0) by now rewrite map_length.
  exact (map_nth (fun y => y ^ 2) l 0 i). }
rewrite E. split; [apply Rmult_le_pos; [exact S1 | apply Rlt_le, Rinv_0_lt_compat; lra]|].
rewrite <- S2. split; intros Z.
- apply Rmult_eq_reg_r with (/ (2 * to_real w)); [|apply Rinv_neq_0_compat; lra]. unfold Rdiv in Z. lra.
- rewrite Z. unfold Rdiv. ring.
Qed.
