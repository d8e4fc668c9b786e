(** The check of a hallucinated point, by computation, and its theorem. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance minimizer gradients sam point.
From Hallucert.tapes Require Export krawczyk.
Import ListNotations.
Open Scope R_scope.

(** What a file says: the function of n variables, the ascent step, the box of x*, a preconditioner with an
   approximate inverse, and a box that contains where SAM looks from the first one. *)
Record point := Point {
  dimension : nat;
  objective_of : objective;
  step_of : variant;
  rho_of : number;
  centre : list number;
  radius : list number;
  preconditioner : list (list number);
  inverse_of : list (list number);
  target_centre : list number;
  target_radius : list number
}.

(** Its function, where SAM looks, and its boxes. *)
Definition f_of (p : point) : vec -> R := function (objective_of p) (dimension p).
Definition P_of (p : point) : vec -> vec :=
  looks_at (step_of p) (dimension p) (f_of p) (to_real (rho_of p)).
Definition domain_of (p : point) : vec -> Prop := defined (objective_of p) (dimension p).
Definition box_of (p : point) : vec -> Prop := box (dimension p) (numbers (centre p)) (numbers (radius p)).
Definition inside_of (p : point) : vec -> Prop :=
  inside (dimension p) (numbers (centre p)) (numbers (radius p)).
Definition target_box (p : point) : vec -> Prop :=
  box (dimension p) (numbers (target_centre p)) (numbers (target_radius p)).

Module Check (I : IntervalOps).
Module Export E := Spread I.

Section Point.
Variables (prec : I.F.precision) (p : point).
Notation n := (dimension p).
Notation f := (objective_of p).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation c := (numbers (centre p)).
Notation r := (numbers (radius p)).
Notation c' := (numbers (target_centre p)).
Notation r' := (numbers (target_radius p)).
Notation shifted := (shifted_program (step_of p) (rho_of p) f).
Notation ascending := (ascent_program (step_of p) (rho_of p) f).
Notation g := (meaning (gradient_program f) n).
Notation Q := (meaning ascending n).
Notation get := (fun l i => nth i l (zero a)).

Definition here : list I.type := iball prec (centre p) (radius p) n.
Definition centre_point : list I.type := table n (ivector prec (centre p)).
Definition there : list I.type := iball prec (target_centre p) (target_radius p) n.

Lemma within_centre : within n centre_point c.
Proof. apply within_table. intros; apply ivector_correct. Qed.

(** The half widths are positive. *)
Definition wide (l : list number) : bool := every n (fun i => surely_positive (ivector prec l i)).
Lemma wide_correct l : wide l = true -> forall i, (i < n)%nat -> 0 < numbers l i.
Proof.
intros H i Hi. apply (surely_positive_correct (ivector prec l i));
  [exact (every_spec _ _ H i Hi) | apply ivector_correct].
Qed.

(** From the box, SAM looks into the inside of the target box. *)
Definition looks_inside : bool :=
  let J := duals_of prec ascending here in
  let F := outputs_of prec ascending n n centre_point in
  centred_ok prec n n J F && every n (fun i =>
    surely_positive (I.sub prec (ivector prec (target_radius p) i)
      (I.abs (I.sub prec (centred prec n (ivector prec (radius p)) J F i)
        (ivector prec (target_centre p) i))))).

Lemma looks_inside_correct : wide (radius p) = true -> looks_inside = true ->
  forall x, box_of p x -> inside n c' r' (Q x).
Proof.
intros W H x Hx i Hi. apply andb_prop in H. destruct H as [HC HP].
apply less, (surely_positive_correct _ _ (every_spec _ _ HP i Hi)).
apply isub_correct; [apply ivector_correct|].
apply iabs_correct, isub_correct; [|apply ivector_correct].
apply centred_correct with (c := c) (r := r) (X := here) (C := centre_point); try assumption.
- apply ascent_parametric.
- apply ivector_correct.
- apply within_centre.
- intros z Hz. now apply within_box.
- intros j Hj. now apply Rlt_le, wide_correct.
Qed.

(** Krawczyk's test for the gradient where SAM looks. *)
Definition contracts : bool :=
  krawczyk prec n shifted here centre_point (ivector prec (radius p)) (preconditioner p).
Definition injects : bool := injective_matrix prec n (preconditioner p) (inverse_of p).

(** The Jacobian of the gradient where SAM looks. *)
Notation A := (matrix (preconditioner p)).
Notation DF := (jac shifted n).

Lemma shifted_on X : every n (fun i => all_real (dual_entry prec (duals_of prec shifted X) i)) = true ->
  jacobian n n (within n X) (fun x => g (Q x)) DF.
Proof. intros H. apply shifted_jacobian, (duals_jacobian prec _ n n X); auto. apply shifted_parametric. Qed.

Lemma contracts_correct : wide (radius p) = true -> contracts = true -> exists K : mat,
  jacobian n n (box_of p) (fun x => g (Q x)) DF /\
  (forall x i j, box_of p x -> (i < n)%nat -> (j < n)%nat -> Rabs (delta i j - mm n A (DF x) i j) <= K i j) /\
  (forall i, (i < n)%nat -> Rabs (mv n A (g (Q c)) i) + sum n (fun j => K i j * r j) < r i).
Proof.
intros W H. rewrite shifted_meaning.
destruct (krawczyk_correct prec n shifted here centre_point (ivector prec (radius p))
  (preconditioner p) c r (shifted_parametric _ _ _) (ivector_correct prec _) within_centre
  (within_box prec n _ _) (wide_correct _ W) H) as [K [KJ [KB KR]]].
exists K. split; [now apply shifted_jacobian|]. now split.
Qed.

(** All that every theorem about the point needs. *)
Definition base : bool :=
  wide (radius p) && smooth_on prec f n here && smooth_on prec f n there && nonstationary prec f n here &&
  looks_inside && contracts && injects.

Notation P := (P_of p).
Notation there_box := (target_box p).

Lemma smooth_here : base = true -> gradient_on n (box_of p) (f_of p) g.
Proof.
unfold base. rewrite !andb_true_iff. intros [[[[[[_ H] _] _] _] _] _] k t dk Hk Hd.
now apply (smooth_gradient prec f n here H); [|apply within_box].
Qed.

Lemma smooth_there : base = true -> gradient_on n there_box (f_of p) g.
Proof.
unfold base. rewrite !andb_true_iff. intros [[[[[[_ _] H] _] _] _] _] k t dk Hk Hd.
now apply (smooth_gradient prec f n there H); [|apply within_box].
Qed.

Lemma looks_there : base = true -> forall x, box_of p x -> inside n c' r' (Q x).
Proof. unfold base. rewrite !andb_true_iff. intros [[[[[[W _] _] _] H] _] _]. now apply looks_inside_correct.
Qed.

Lemma looks_is : base = true -> forall x, box_of p x -> eqv n (P x) (Q x).
Proof.
intros H x Hx. apply (looks_at_meaning _ _ _ _ (box_of p));
  [now apply smooth_here | apply box_extensional | exact Hx].
Qed.

Lemma base_nonzero : base = true -> forall x, box_of p x -> exists i, (i < n)%nat /\ g x i <> 0.
Proof. unfold base. rewrite !andb_true_iff. intros [[[[[[_ _] _] H] _] _] _].
intros x Hx. now apply (nonstationary_correct prec f n here); [|apply within_box]. Qed.

(** Exactly one hallucinated point is in the box. *)
Theorem exactly_one_point : base = true ->
  exists x, inside_of p x /\ hallucinated n (f_of p) P x /\
    (forall y, box_of p y -> hallucinated n (f_of p) P y -> eqv n y x).
Proof.
intros H. pose proof H as H'. unfold base in H'. rewrite !andb_true_iff in H'.
destruct H' as [[[[[[HW _] _] _] _] HC] HI]. destruct (contracts_correct HW HC) as [K [HJ [HK HF]]].
apply (exactly_one n (f_of p) g P Q c r c' r') with A K DF; auto.
- now apply wide_correct.
- now apply smooth_here.
- now apply smooth_there.
- now apply base_nonzero.
- now apply looks_is.
- now apply looks_there.
- exact (injective_matrix_correct prec n _ _ HI).
Qed.

(** In the box and where SAM looks from there, the function is defined, ... *)
Theorem defined_point : base = true -> forall y, box_of p y -> domain_of p y /\ domain_of p (P y).
Proof.
intros H y Hy. pose proof H as H'. unfold base in H'. rewrite !andb_true_iff in H'.
destruct H' as [[[[[[_ H1] H2] _] _] _] _].
split; [apply (smooth_defined prec f n here) | apply (smooth_defined prec f n there)]; try assumption.
- now apply within_box.
- apply within_box. intros i Hi. rewrite (looks_is H y Hy i Hi). now apply Rlt_le, looks_there.
Qed.

(** ... and SAM can be computed. *)
Theorem regular_point : base = true -> forall y, box_of p y -> regular n (f_of p) P y.
Proof.
intros H y Hy. pose proof H as H'. unfold base in H'. rewrite !andb_true_iff in H'.
destruct H' as [[[[[[_ H1] H2] H3] _] _] _]. apply (regular_on prec f n P here there); try assumption.
- now apply within_box.
- apply within_box. intros i Hi. rewrite (looks_is H y Hy i Hi). now apply Rlt_le, looks_there.
Qed.
End Point.
End Check.
