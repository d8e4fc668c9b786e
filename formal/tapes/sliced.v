(** The check of a hallucinated minimizer of a sum of squares, found on a slice, and its theorem. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance minimizer gradients sam residual.
From Hallucert.tapes Require Import krawczyk slices.
Import ListNotations.
Open Scope R_scope.

(** What a file says: f = |r|^2 / (2 weight) of n variables, with m residuals r, the ascent step, the slice x
   = base + directions s, the half widths of the box of s around 0, and a preconditioner with an approximate
   inverse. *)
Record sliced := Sliced {
  variables_of : nat;
  unknowns : nat;
  residuals_of : tape;
  weight : number;
  step_of : variant;
  rho_of : number;
  base_point : list number;
  directions : list (list number);
  radius : list number;
  preconditioner : list (list number);
  inverse_of : list (list number)
}.

Definition f_of (p : sliced) : vec -> R := function (Squares (residuals_of p) (weight p)) (variables_of p).
Definition P_of (p : sliced) : vec -> vec :=
  looks_at (step_of p) (variables_of p) (f_of p) (to_real (rho_of p)).
Definition domain_of (p : sliced) : vec -> Prop :=
  defined (Squares (residuals_of p) (weight p)) (variables_of p).
Definition S_of (p : sliced) : vec -> vec :=
  slice (unknowns p) (numbers (base_point p)) (matrix (directions p)).

Module Sliced_check (I : IntervalOps).
Module Export K := Krawczyk I.

Section Sliced.
Variables (prec : I.F.precision) (p : sliced).
Notation n := (variables_of p).
Notation m := (unknowns p).
Notation f := (Squares (residuals_of p) (weight p)).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation get := (fun l i => nth i l (zero a)).
Notation g := (meaning (gradient_program f) n).
Notation Q := (meaning (ascent_program (step_of p) (rho_of p) f) n).
Notation res := (meaning (residual_program (residuals_of p)) n).
Notation F :=
  (sliced_program (step_of p) (rho_of p) (residuals_of p) (weight p) (base_point p) (directions p)).
Notation r := (numbers (radius p)).
Notation box_s := (box m (fun _ => 0) r).

(** The box of s, and the box of the points of the slice. *)
Definition unknown_box : list I.type := table m (fun j => ball prec (int prec 0) (ivector prec (radius p) j)).
Definition slice_box : list I.type :=
  outputs_of prec (slice_program (base_point p) (directions p)) m n unknown_box.

Definition sliced_base : bool :=
  let X := slice_box in
  let T := outputs_of prec (ascent_program (step_of p) (rho_of p) f) n n X in
  shaped n m (base_point p) (directions p) && Nat.eqb (length (outputs (residuals_of p))) m &&
  surely_positive (enclosure prec (weight p)) &&
    every m (fun j => surely_positive (ivector prec (radius p) j)) &&
  every n (fun i => I.real (get X i)) && smooth_on prec f n X &&
  every n (fun i => I.real (get T i)) && smooth_on prec f n T && nonstationary prec f n X.

Definition check : bool :=
  sliced_base &&
  krawczyk prec m F unknown_box (table m (fun _ => int prec 0)) (ivector prec (radius p))
    (preconditioner p) &&
  injective_matrix prec m (preconditioner p) (inverse_of p).

Lemma within_unknown s : box_s s -> within m unknown_box s.
Proof.
intros H. apply within_table. intros j Hj.
apply (ball_correct prec _ _ 0 (r j)); [apply int_correct | apply ivector_correct | now apply H].
Qed.

Lemma meaning_slice s i : shaped n m (base_point p) (directions p) = true -> (i < n)%nat ->
  meaning (slice_program (base_point p) (directions p)) m s i = S_of p s i.
Proof.
intros H Hi. unfold meaning, slice_program, S_of, vec_of. rewrite <- (slice_meaning n) by exact H.
now rewrite nth_list_of.
Qed.

Lemma within_slice s : shaped n m (base_point p) (directions p) = true ->
  every n (fun i => I.real (get slice_box i)) = true -> box_s s -> within n slice_box (S_of p s).
Proof.
intros H R Hs. apply within_table. intros i Hi. rewrite <- meaning_slice by assumption.
pose proof (outputs_correct prec _ m n unknown_box s i (slice_parametric (base_point p) (directions p))
  (within_unknown s Hs) Hi (every_spec _ _ R i Hi)) as K.
unfold outputs_of in K. now rewrite nth_table in K.
Qed.

Lemma within_zero : within m (table m (fun _ => int prec 0)) (fun _ => 0).
Proof. apply within_table. intros; apply int_correct. Qed.

(** The theorem of a slice: exactly one s in the box leads SAM's look to a zero of f, which is never negative;
   and grad f does not vanish where SAM looks from. *)
Theorem hallucinated_on_slice : check = true ->
  (forall x, 0 <= f_of p x) /\
  exists s, inside m (fun _ => 0) r s /\ f_of p (P_of p (S_of p s)) = 0 /\
    (forall s', box_s s' -> f_of p (P_of p (S_of p s')) = 0 -> eqv m s' s) /\
    (forall s', box_s s' -> regular n (f_of p) (P_of p) (S_of p s')) /\
    (forall s', box_s s' -> domain_of p (S_of p s') /\ domain_of p (P_of p (S_of p s'))).
Proof.
unfold check, sliced_base. rewrite !andb_true_iff.
intros [[[[[[[[[[HS HL] HW] Hr] HX] HV] HT] HV'] HN] HK] HI].
apply Nat.eqb_eq in HL.
assert (W : 0 < to_real (weight p)) by (apply (surely_positive_correct _ _ HW), enclosure_correct).
assert (rp : forall j, (j < m)%nat -> 0 < r j).
{ intros j Hj. apply (surely_positive_correct _ _ (every_spec _ _ Hr j Hj)), ivector_correct. }
set (T := outputs_of prec (ascent_program (step_of p) (rho_of p) f) n n slice_box) in HT, HV'.
pose proof (smooth_gradient prec f n slice_box HV : gradient_on n (within n slice_box) (f_of p) g) as Sm.
assert (In : forall s, box_s s -> within n slice_box (S_of p s)) by (intros; now apply within_slice).
assert (Same : forall s, box_s s -> eqv n (P_of p (S_of p s)) (Q (S_of p s))).
{ intros s Hs. apply (looks_at_meaning _ _ _ _ (within n slice_box));
    [exact Sm | apply within_extensional | now apply In]. }
assert (In' : forall s, box_s s -> within n T (P_of p (S_of p s))).
{ intros s Hs. apply (within_extensional n T (Q (S_of p s))); [now apply eqv_sym, Same|].
  apply outputs_within; [apply ascent_parametric | now apply In | exact HT]. }
split; [intros x; exact (proj1 (function_squares _ _ _ x W))|].
destruct (krawczyk_correct prec m F unknown_box (table m (fun _ => int prec 0)) (ivector prec (radius p))
  (preconditioner p) (fun _ => 0) r (sliced_parametric _ _ _ _ _ _) (ivector_correct prec _) within_zero
  within_unknown rp HK) as [K [KJ [KB KR]]].
assert (E : forall s, res (Q (S_of p s)) = meaning F m s) by (intros s; now apply sliced_meaning).
destruct (exactly_one_on_slice m (f_of p) res (P_of p) Q (numbers (base_point p))
  (matrix (directions p)) r rp)
  with (matrix (preconditioner p)) K (jac F m) as [s [H1 [H2 H3]]]; auto.
- intros x. rewrite <- HL. exact (function_squares _ _ _ x W).
- intros s i Hs Hi. change (res (P_of p (S_of p s)) i = res (Q (S_of p s)) i).
  unfold meaning, residual_program.
  rewrite (list_of_ext n (P_of p (S_of p s)) (Q (S_of p s))); [reflexivity | now apply Same].
- apply (jacobian_same m m _ (meaning F m)); [intros s; symmetry; apply E | exact KJ].
- intros i Hi. change (slice m (numbers (base_point p)) (matrix (directions p)) (fun _ => 0))
  with (S_of p (fun _ => 0)).
  rewrite E. now apply KR.
- now apply injective_matrix_correct with prec (inverse_of p).
- exists s. repeat (split; [assumption|]). split; intros s' Hs'; [|split].
  + apply (regular_on prec f n (P_of p) slice_box T); auto.
  + apply (smooth_defined prec f n slice_box); [exact HV | now apply In].
  + apply (smooth_defined prec f n T); [exact HV' | now apply In'].
Qed.
End Sliced.
End Sliced_check.
