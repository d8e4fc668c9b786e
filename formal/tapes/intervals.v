(** Intervals as an algebra, for any interval arithmetic of coq-interval: what they contain, and checks of
   signs. *)
From Coq Require Import Reals Lra List ZArith.
From Interval Require Import Xreal Basic Interval.
From Hallucert.tapes Require Import tape relations reals.
Import ListNotations.
Open Scope R_scope.

Module Intervals (I : IntervalOps).

Section Precision.
Variable prec : I.F.precision.

(** An interval for the number in a file. *)
Definition enclosure (c : number) : I.type :=
  match c with
  | Dyadic m Z0 => I.fromZ prec m
  | Dyadic m (Zpos e) => I.mul prec (I.fromZ prec m) (I.power_int prec (I.fromZ prec 2) (Zpos e))
  | Dyadic m (Zneg e) => I.div prec (I.fromZ prec m) (I.power_int prec (I.fromZ prec 2) (Zpos e))
  | Ratio p 1 => I.fromZ prec p
  | Ratio p q => I.div prec (I.fromZ prec p) (I.fromZ prec (Zpos q))
  end.

(** A function of positive numbers, and of others not. *)
Definition positive_only (f : I.type -> I.type) (x : I.type) : I.type :=
  match I.sign_strict x with Xgt => f x | _ => I.nai end.

(** 1 - 2 / (exp (2 x) + 1), in which x occurs once *)
Definition tanh (x : I.type) : I.type :=
  let two := I.fromZ prec 2 in let one := I.fromZ prec 1 in
  I.sub prec one (I.div prec two (I.add prec (I.exp prec (I.mul prec two x)) one)).

Definition intervals : algebra I.type := {|
  constant := enclosure; pi := I.pi prec; add := I.add prec; sub := I.sub prec; mul := I.mul prec;
  div := I.div prec;
  neg := I.neg; power x n := I.power_int prec x (Z.of_nat n); root := positive_only (I.sqrt prec);
  exponential := I.exp prec; logarithm := positive_only (I.ln prec); sine := I.sin prec;
    cosine := I.cos prec; tangent := tanh
|}.

Notation encloses := (fun i x => contains (I.convert i) x).
Notation holds i r := (contains (I.convert i) (Xreal r)).

Lemma enclosure_correct c : holds (enclosure c) (to_real c).
Proof.
assert (P : forall e, holds (I.power_int prec (I.fromZ prec 2) (Zpos e)) (2 ^ Pos.to_nat e)).
{ intros e. apply (I.power_int_correct prec (Zpos e) _ (Xreal 2)), I.fromZ_correct. }
assert (Q : forall x y p q, holds x p -> holds y q -> q <> 0 -> holds (I.div prec x y) (p / q)).
{ intros x y p q X Y N. pose proof (I.div_correct prec _ _ _ _ X Y) as D. simpl in D. unfold Xdiv' in D.
  revert D. now case is_zero_spec. }
destruct c as [m [|e|e]|p q]; simpl.
- apply I.fromZ_correct.
- apply (I.mul_correct prec _ _ (Xreal _) (Xreal _)); [apply I.fromZ_correct | apply P].
- apply Q; [apply I.fromZ_correct | apply P|]. apply pow_nonzero. lra.
- assert (holds (I.div prec (I.fromZ prec p) (I.fromZ prec (Zpos q))) (IZR p / IZR (Zpos q)))
    by (apply Q; [apply I.fromZ_correct.. | now apply IZR_neq]).
  destruct q; try assumption. apply I.fromZ_correct.
Qed.

(** The sign of an interval is that of all its members. *)
Lemma sign_positive i x : I.sign_strict i = Xgt -> encloses i x -> exists r, x = Xreal r /\ 0 < r.
Proof.
intros S X. pose proof (I.sign_strict_correct i) as H. rewrite S in H. destruct (H x X) as [E L].
exists (proj_val x). now split.
Qed.

Lemma positive_only_correct f g i x : (forall j r, 0 < r -> holds j r -> holds (f j) (g r)) ->
  encloses i x -> encloses (positive_only f i) (on_positive g x).
Proof.
intros H X. unfold positive_only. case_eq (I.sign_strict i); intros S; try now rewrite I.nai_correct.
destruct (sign_positive i x S X) as [r [-> P]]. simpl. case is_positive_spec; [|lra]. intros _.
exact (H i r P X).
Qed.

(** The formula of [tanh]. *)
Lemma tanh_formula x : Rtrigo_def.tanh x = 1 - 2 / (exp (2 * x) + 1).
Proof.
unfold Rtrigo_def.tanh, sinh, cosh. rewrite exp_Ropp. replace (2 * x) with (x + x) by ring. rewrite exp_plus.
pose proof (exp_pos x). field. split; nra.
Qed.

Lemma tanh_correct i x : encloses i x -> encloses (tanh i) (everywhere Rtrigo_def.tanh x).
Proof.
intros X.
replace (everywhere Rtrigo_def.tanh x) with (Xsub (Xreal 1)
  (Xdiv (Xreal 2) (Xadd (Xexp (Xmul (Xreal 2) x)) (Xreal 1)))).
- apply I.sub_correct; [apply I.fromZ_correct|]. apply I.div_correct; [apply I.fromZ_correct|].
  apply I.add_correct; [|apply I.fromZ_correct].
  apply I.exp_correct, I.mul_correct; [apply I.fromZ_correct | exact X].
- destruct x as [|x]; [easy|]. simpl. unfold Xdiv'. pose proof (exp_pos (2 * x)).
  case is_zero_spec; [lra|]. intros _. now rewrite tanh_formula.
Qed.

(** Every program over intervals encloses the same program over the extended reals. *)
Theorem intervals_correct : compatible encloses intervals extended.
Proof.
constructor.
- apply enclosure_correct.
- apply I.pi_correct.
- intros; now apply I.add_correct.
- intros; now apply I.sub_correct.
- intros; now apply I.mul_correct.
- intros; now apply I.div_correct.
- intros; now apply I.neg_correct.
- intros i x n X. replace (power extended x n) with (Xpower_int x (Z.of_nat n));
  [now apply I.power_int_correct|].
  destruct x as [|x]; [easy|]. simpl. destruct n as [|n]; simpl; [easy|].
  now rewrite SuccNat2Pos.id_succ.
- intros. apply positive_only_correct; [|assumption]. intros j r _ J. exact (I.sqrt_correct prec _ _ J).
- intros; now apply I.exp_correct.
- intros. apply positive_only_correct; [|assumption]. intros j r P J.
  pose proof (I.ln_correct prec _ _ J) as L. simpl in L. revert L. unfold Xln'.
  case is_positive_spec; intros S L; [exact L | lra].
- intros; now apply I.sin_correct.
- intros; now apply I.cos_correct.
- intros; now apply tanh_correct.
Qed.

End Precision.
End Intervals.
