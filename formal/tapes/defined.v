(** Where the formula of a tape is defined, for in Coq's real numbers 1 / 0, ln (-1) and sqrt (-1) have
   values, too; and where SAM can be computed. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors minimizer gradients sam.
From Hallucert.tapes Require Import tape relations reals programs intervals bounds enclosures.
Import ListNotations.
Open Scope R_scope.

(** The nodes of which a logarithm, a root or a real power is taken, and those by which is divided. *)
Definition nodes_of (f : objective) : list node := match f with Formula t | Squares t _ => nodes t end.
Definition positive_operands (f : objective) : list nat :=
  flat_map (fun o => match o with Log i | Sqrt i | Rpow i _ _ => [i] | _ => [] end) (nodes_of f).
Definition nonzero_operands (f : objective) : list nat :=
  flat_map (fun o => match o with Div _ i | Pow i (Zneg _) => [i] | _ => [] end) (nodes_of f).

Fixpoint all (l : list Prop) : Prop :=
  match l with [] => True | p :: l' => match l' with [] => p | _ => p /\ all l' end end.

Lemma all_intro (l : list Prop) : (forall p : Prop, In p l -> p) -> all l.
Proof.
induction l as [|p [|q l] IH]; intros H; [exact I | apply H; now left|].
split; [apply H; now left | apply IH; intros; apply H; now right].
Qed.

(** The formula of an objective is defined at x. *)
Definition defined (f : objective) (n : nat) (x : vec) : Prop :=
  let v := run reals (nodes_of f) (list_of n x) in
  all (map (fun i => 0 < nth i v 0) (positive_operands f) ++
    map (fun i => nth i v 0 <> 0) (nonzero_operands f)).

(** The values of some nodes. *)
Definition operand_program (f : objective) (l : list nat) : program :=
  fun A a xs => eval a (Tape (nodes_of f) l) xs.

Lemma operand_parametric f l : parametric (operand_program f l).
Proof. intros A B R a b xs ys C H. now apply (r_eval R). Qed.

Module Defined (I : IntervalOps).
Module Export E := Enclosures I.

Section Precision.
Variables (prec : I.F.precision) (f : objective) (n : nat).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).

(** What is checked of the nodes of a list, on a box, holds for their values. *)
Definition all_operands (check : I.type -> bool) (l : list nat) (X : list I.type) : bool :=
  let V := outputs_of prec (operand_program f l) n (length l) X in
  every (length l) (fun k => I.real (nth k V (zero a)) && check (nth k V (zero a))).

Lemma all_operands_correct (check : I.type -> bool) (p : R -> Prop) l X x i :
  (forall j r, check j = true -> holds j r -> p r) -> all_operands check l X = true -> within n X x ->
  In i l -> p (nth i (run reals (nodes_of f) (list_of n x)) 0).
Proof.
intros C H HX Hi. destruct (In_nth l i 0%nat Hi) as [k [Hk <-]].
pose proof (every_spec _ _ H k Hk) as K. apply andb_prop in K. destruct K as [K1 K2].
apply (C _ _ K2).
pose proof (outputs_correct prec _ n (length l) X x k (operand_parametric f l) HX Hk K1) as O.
unfold meaning, operand_program, vec_of, eval in O. cbn [nodes outputs] in O.
set (v := fun o => nth o (run reals (nodes_of f) (list_of n x)) (zero reals)) in O.
rewrite nth_indep with (d' := v 0%nat) in O by now rewrite map_length.
rewrite map_nth in O. exact O.
Qed.

Definition defined_on (X : list I.type) : bool :=
  all_operands surely_positive (positive_operands f) X &&
  all_operands (fun i => surely_positive (I.mul prec i i)) (nonzero_operands f) X.

Lemma defined_on_correct X x : defined_on X = true -> within n X x -> defined f n x.
Proof.
intros H HX. apply andb_prop in H. destruct H as [H1 H2]. apply all_intro. intros p Hp.
apply in_app_or in Hp. destruct Hp as [Hp|Hp]; apply in_map_iff in Hp; destruct Hp as [i [<- Hi]].
- exact (all_operands_correct _ (fun r => 0 < r) _ X x i surely_positive_correct H1 HX Hi).
- apply (all_operands_correct _ (fun r => r <> 0)) with (2 := H2) (3 := HX) (4 := Hi).
  intros j r S J ->. pose proof (surely_positive_correct _ _ S (imul_correct prec _ _ _ _ J J)). lra.
Qed.

(** f is defined and differentiable on a box. *)
Definition smooth_on (X : list I.type) : bool :=
  defined_on X && all_real (dual_entry prec (duals_of prec (value_program f) X) 0).

Lemma smooth_defined X x : smooth_on X = true -> within n X x -> defined f n x.
Proof. intros H. apply andb_prop in H. now apply defined_on_correct. Qed.

Lemma smooth_gradient X : smooth_on X = true ->
  gradient_on n (within n X) (function f n) (meaning (gradient_program f) n).
Proof.
intros H. apply andb_prop in H. apply function_gradient. intros x Hx.
apply (all_real_smooth prec _ n X); [apply value_parametric | exact Hx | apply H].
Qed.

(** The gradient does not vanish on a box. *)
Definition nonstationary (X : list I.type) : bool :=
  let G := outputs_of prec (gradient_program f) n n X in
  every n (fun i => I.real (nth i G (zero a))) && surely_positive
    (isum prec n (fun i => I.mul prec (nth i G (zero a)) (nth i G (zero a)))).

Lemma nonstationary_correct X x : nonstationary X = true -> within n X x ->
  exists i, (i < n)%nat /\ meaning (gradient_program f) n x i <> 0.
Proof.
intros H HX. apply andb_prop in H. destruct H as [HR HP]. set (g := meaning (gradient_program f) n).
assert (S : 0 < sum n (fun i => g x i * g x i)).
{ apply (surely_positive_correct _ _ HP). apply isum_correct. intros i Hi.
  pose proof (outputs_correct prec _ n n X x i (gradient_parametric f) HX Hi (every_spec _ _ HR i Hi)).
  now apply imul_correct. }
destruct (eqv_dec n (g x) (fun _ => 0)) as [Z|Z]; [|exact Z].
rewrite (sum_ext n _ (fun _ => 0)), sum_zero in S; [lra|]. intros i Hi. rewrite Z by exact Hi. ring.
Qed.

Lemma within_extensional X : extensional n (within n X).
Proof. intros u v E Hu. unfold within. now rewrite <- (list_of_ext n u v E). Qed.

(** SAM can be computed on a box X from which it looks into a box T. *)
Lemma regular_on (P : vec -> vec) X T x :
  smooth_on X = true -> nonstationary X = true -> smooth_on T = true -> within n X x -> within n T (P x) ->
  regular n (function f n) P x.
Proof.
intros HX HN HT Wx WT.
pose proof (fun Y H => gradient_is n _ _ _ (smooth_gradient Y H) (within_extensional Y)) as G.
pose proof (fun Y H => gradient_differentiable n _ _ _ (smooth_gradient Y H) (within_extensional Y)) as K.
split; [|split; [now apply (K X) | now apply (K T)]].
intros C. destruct (nonstationary_correct X x HN Wx) as [i [Hi N]]. apply N.
rewrite <- (G X HX x i Wx Hi). now apply C.
Qed.
End Precision.
End Defined.
