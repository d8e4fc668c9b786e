(** Three algebras: the reals, curves (functions of one real), and reals that may be undefined.

   Over the last one, 1/0, the root of a number that is not positive and its logarithm are [Xnan], which
   spreads; so whatever interval arithmetic bounds is defined. [derivative_along] says what a dual number
   tells about a curve. *)
From Coq Require Import Reals Lra List ZArith.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Xreal.
From Hallucert.tapes Require Import tape relations.
Import ListNotations.
Open Scope R_scope.

(** The real value of a number in a file. *)
Definition to_real (c : number) : R :=
  match c with
  | Dyadic m Z0 => IZR m
  | Dyadic m (Zpos e) => IZR m * 2 ^ Pos.to_nat e
  | Dyadic m (Zneg e) => IZR m / 2 ^ Pos.to_nat e
  | Ratio p 1 => IZR p
  | Ratio p q => IZR p / IZR (Zpos q)
  end.

Definition reals : algebra R := {|
  constant := to_real; pi := PI; add := Rplus; sub := Rminus; mul := Rmult; div := Rdiv; neg := Ropp;
  power := pow;
  root := sqrt; exponential := exp; logarithm := ln; sine := sin; cosine := cos; tangent := tanh
|}.

Definition curves : algebra (R -> R) := {|
  constant c := fun _ => to_real c; pi := fun _ => PI;
  add f g := fun s => f s + g s; sub f g := fun s => f s - g s; mul f g := fun s => f s * g s;
  div f g := fun s => f s / g s; neg f := fun s => - f s; power f n := fun s => f s ^ n;
  root f := fun s => sqrt (f s); exponential f := fun s => exp (f s); logarithm f := fun s => ln (f s);
  sine f := fun s => sin (f s); cosine f := fun s => cos (f s); tangent f := fun s => tanh (f s)
|}.

(** A function of positive numbers. *)
Definition on_positive (f : R -> R) (x : ExtendedR) : ExtendedR :=
  Xbind (fun r => if is_positive r then Xreal (f r) else Xnan) x.
Definition everywhere (f : R -> R) (x : ExtendedR) : ExtendedR := Xbind (fun r => Xreal (f r)) x.

Definition extended : algebra ExtendedR := {|
  constant c := Xreal (to_real c); pi := Xreal PI; add := Xadd; sub := Xsub; mul := Xmul; div := Xdiv;
  neg := Xneg;
  power x n := everywhere (fun r => r ^ n) x; root := on_positive sqrt; exponential := everywhere exp;
  logarithm := on_positive ln; sine := everywhere sin; cosine := everywhere cos; tangent := everywhere tanh
|}.

Lemma Xdiv_real x y r : Xdiv x y = Xreal r -> exists p q, x = Xreal p /\ y = Xreal q /\ q <> 0 /\ r = p / q.
Proof.
destruct x as [|p], y as [|q]; try easy. simpl. unfold Xdiv'. case is_zero_spec; [easy|].
intros Z [= <-]. now exists p, q.
Qed.

Lemma on_positive_real f x r : on_positive f x = Xreal r -> exists p, x = Xreal p /\ 0 < p /\ r = f p.
Proof. destruct x as [|p]; simpl; [easy|]. case is_positive_spec; [|easy]. intros P [= <-]. now exists p. Qed.

(** What is defined over the extended reals is the value over the reals. *)
Definition defined_as (x : ExtendedR) (r : R) := x = Xnan \/ x = Xreal r.

Lemma defined_as_elim x r s : defined_as x r -> x = Xreal s -> s = r.
Proof. intros [->| ->]; congruence. Qed.

Lemma extended_reals : compatible defined_as extended reals.
Proof.
constructor; simpl; try (intros; now right);
  try (intros x y x' y' [->| ->] [->| ->]; solve [now left | now right]);
  try (intros x x' [->| ->]; solve [now left | now right]).
- intros x y x' y' [->| ->] [->| ->]; try now left. simpl. unfold Xdiv'.
  destruct is_zero; [now left | now right].
- intros x x' n [->| ->]; [now left | now right].
- intros x x' [->| ->]; simpl; [now left|]. destruct is_positive; [now right | now left].
- intros x x' [->| ->]; simpl; [now left|]. destruct is_positive; [now right | now left].
Qed.

(** A program over curves takes at each time the value over the reals. *)
Definition at_time (t : R) (c : R -> R) (r : R) := c t = r.

Lemma curves_reals t : compatible (at_time t) curves reals.
Proof. unfold at_time. constructor; simpl; congruence. Qed.

(** The combination of the derivatives ds with the speeds w of the directions. *)
Fixpoint combination (ds w : list R) : R :=
  match ds, w with d :: ds', v :: w' => d * v + combination ds' w' | _, _ => 0 end.

Lemma combination_nil ds : combination ds [] = 0.
Proof. now destruct ds. Qed.

Lemma scale_real w c l ds : map (fun d => Xmul d c) l = map Xreal ds ->
  exists ks, l = map Xreal ks /\ forall r, c = Xreal r -> combination ds w = combination ks w * r.
Proof.
revert w ds; induction l as [|d l I]; intros w [|e ds] H; try discriminate.
- exists []. split; [easy|]. intros. simpl. ring.
- simpl in H. injection H as H1 H2. destruct d as [|d]; [easy|]. destruct c as [|c]; [easy|].
  destruct (I (tl w) ds H2) as [ks [-> K]]. exists (d :: ks). split; [easy|]. intros r [= <-].
  simpl in H1. injection H1 as <-. destruct w as [|v w]; simpl;
    [ring|]. simpl in K. rewrite (K c eq_refl). ring.
Qed.

Lemma vadd_real w u v ds : vadd extended u v = map Xreal ds ->
  exists us vs, u = map Xreal us /\ v = map Xreal vs /\ combination ds w =
    combination us w + combination vs w.
Proof.
revert w v ds; induction u as [|x u I]; intros w v ds H.
- exists [], ds. simpl in *. repeat split; [exact H | ring].
- destruct v as [|y v].
  + exists ds, []. simpl in *. repeat split; [exact H | ring].
  + destruct ds as [|e ds]; [discriminate|]. simpl in H. injection H as H1 H2.
    destruct (I (tl w) v ds H2) as [us [vs [-> [-> K]]]]. destruct x as [|x], y as [|y]; try easy.
    exists (x :: us), (y :: vs). repeat split. injection H1 as <-.
    destruct w as [|z w]; simpl; [ring|]. simpl in K. rewrite K. ring.
Qed.

Lemma neg_real w u ds : map Xneg u = map Xreal ds -> exists us, u = map Xreal us /\ combination ds w =
  - combination us w.
Proof.
revert w ds; induction u as [|x u I]; intros w [|e ds] H; try discriminate.
- exists []. split; [easy|]. simpl. ring.
- injection H as H1 H2. destruct (I (tl w) ds H2) as [us [-> K]]. destruct x as [|x]; [easy|].
  exists (x :: us). split; [easy|]. simpl in H1. injection H1 as <-.
  destruct w as [|z w]; simpl; [ring|]. simpl in K. rewrite K. ring.
Qed.

Lemma div_real w q u ds : q <> 0 -> map (fun d => Xdiv d (Xreal q)) u = map Xreal ds ->
  exists us, u = map Xreal us /\ combination ds w = combination us w / q.
Proof.
intros Q. revert w ds; induction u as [|x u I]; intros w [|e ds] H; try discriminate.
- exists []. split; [easy|]. simpl. field. exact Q.
- cbn [map] in H. injection H as H1 H2. destruct (I (tl w) ds H2) as [us [-> K]].
  destruct (Xdiv_real _ _ _ H1) as [p [q' [-> [[= <-] [_ ->]]]]].
  exists (p :: us). split; [easy|]. destruct w as [|z w]; simpl; [field;
    exact Q|]. simpl in K. rewrite K. field. exact Q.
Qed.

(** What a dual number over the extended reals tells about a curve at time t, w the speeds of
   the directions. *)
Definition derivative_along (t : R) (w : list R) (x : ExtendedR * list ExtendedR) (c : R -> R) : Prop :=
  forall r, fst x = Xreal r -> c t = r /\ forall ds, snd x = map Xreal ds -> is_derive c t (combination ds w).

(** The derivative of the hyperbolic tangent. *)
Lemma is_derive_tanh x : is_derive tanh x (1 - tanh x ^ 2).
Proof.
unfold tanh, sinh, cosh. pose proof (exp_pos x). pose proof (exp_pos (- x)). auto_derive.
- repeat split. lra.
- field. lra.
Qed.

Lemma is_derive_pow x n : is_derive (fun y => y ^ n) x (INR n * x ^ pred n).
Proof. auto_derive; [easy | ring]. Qed.

Section Along.
Variables (t : R) (w : list R).
Notation along := (derivative_along t w).

(** The chain rule for a function g with derivative c at the value of x. *)
Lemma along_chain g v c x f :
  (forall r, v = Xreal r -> exists p s, fst x = Xreal p /\ c = Xreal s /\ r = g p /\ is_derive g p s) ->
  along x f -> along (chain extended v c x) (fun s => g (f s)).
Proof.
intros G H r V. destruct (G r V) as [p [s [P [-> [-> D]]]]]. destruct (H p P) as [E K].
split; [now rewrite E|].
intros ds Q. destruct (scale_real w _ _ _ Q) as [ks [L J]]. rewrite (J s eq_refl).
apply (is_derive_comp g f t s); [now rewrite E | now apply K].
Qed.

Lemma along_constant c : along (Xreal c, []) (fun _ => c).
Proof.
intros r [= <-]. split; [easy|]. intros [|] H; [|discriminate]. apply @is_derive_const.
Qed.

Lemma along_add x y f g : along x f -> along y g -> along (add (dual extended) x y) (fun s => f s + g s).
Proof.
intros H K r V. destruct x as [[|p] u], y as [[|q] v]; try easy. destruct (H p eq_refl) as [<- H'].
destruct (K q eq_refl) as [<- K']. split; [now injection V|]. intros ds Q.
destruct (vadd_real w _ _ _ Q) as [us [vs [A [B ->]]]]. apply @is_derive_plus; auto.
Qed.

Lemma along_neg x f : along x f -> along (neg (dual extended) x) (fun s => - f s).
Proof.
intros H r V. destruct x as [[|p] u]; [easy|]. destruct (H p eq_refl) as [<- H'].
split; [now injection V|]. intros ds Q. destruct (neg_real w _ _ Q) as [us [A ->]].
apply @is_derive_opp; auto.
Qed.

Lemma along_mul x y f g : along x f -> along y g -> along (mul (dual extended) x y) (fun s => f s * g s).
Proof.
intros H K r V. destruct x as [[|p] u], y as [[|q] v]; try easy. destruct (H p eq_refl) as [<- H'].
destruct (K q eq_refl) as [<- K']. split; [now injection V|]. intros ds Q.
destruct (vadd_real w _ _ _ Q) as [us [vs [A [B ->]]]]. simpl in A, B.
destruct (scale_real w _ _ _ A) as [us' [A' A2]]. destruct (scale_real w _ _ _ B) as [vs' [B' B2]].
rewrite (A2 _ eq_refl), (B2 _ eq_refl).
evar_last; [apply (is_derive_mult f g t); [apply H', A' | apply K', B' | exact Rmult_comm]|].
unfold plus, mult; simpl. ring.
Qed.

Lemma along_div x y f g : along x f -> along y g -> along (div (dual extended) x y) (fun s => f s / g s).
Proof.
intros H K r V. destruct (Xdiv_real _ _ _ V) as [p [q [P [Q [Z ->]]]]].
destruct x as [px u], y as [qy v]. simpl in P, Q, V. subst px qy. destruct (H p eq_refl) as [<- H'].
destruct (K q eq_refl) as [<- K']. split; [easy|]. intros ds D. simpl in D.
destruct (div_real w _ _ _ Z D) as [es [E ->]]. destruct (vadd_real w _ _ _ E) as [us [vs [A [B ->]]]].
destruct (neg_real w _ _ B) as [vs' [B' ->]]. destruct (scale_real w _ _ _ B') as [vs2 [B2 B3]].
simpl in V. rewrite (B3 _ V).
evar_last; [apply is_derive_div; [apply H', A | apply K', B2 | exact Z]|]. field. exact Z.
Qed.

Local Ltac parts := split; [easy | split; [|split; [easy|]]].

(** A dual number over the extended reals follows every program. *)
Lemma along_compatible : compatible along (dual extended) curves.
Proof.
constructor; intros.
- apply along_constant.
- apply along_constant.
- now apply along_add.
- replace (sub (dual extended) x y) with (add (dual extended) x (neg (dual extended) y)).
  + apply (along_add x (neg (dual extended) y) x' (fun s => - y' s)); [assumption | now apply along_neg].
  + simpl. f_equal. now destruct (fst x), (fst y).
- now apply along_mul.
- now apply along_div.
- now apply along_neg.
- apply (along_chain (fun y => y ^ n)); [|assumption].
  intros r V. destruct x as [[|p] u]; [easy|]. exists p, (INR n * p ^ pred n). injection V as <-.
  parts; [|apply is_derive_pow]. destruct n as [|n].
  + cbn. f_equal. ring.
  + rewrite INR_IZR_INZ. reflexivity.
- apply (along_chain sqrt); [|assumption].
  intros r V. destruct (on_positive_real _ _ _ V) as [p [P [Z ->]]]. exists p, (1 / (2 * sqrt p)).
  pose proof (sqrt_lt_R0 _ Z). rewrite P. parts.
  + simpl. case is_positive_spec; [|lra]. intros _. simpl. unfold Xdiv'. case is_zero_spec; [lra | easy].
  + auto_derive; [exact Z | field; lra].
- apply (along_chain exp); [|assumption].
  intros r V. destruct x as [[|p] u]; [easy|]. exists p, (exp p). injection V as <-. parts; [easy|].
  apply is_derive_exp.
- apply (along_chain ln); [|assumption].
  intros r V. destruct (on_positive_real _ _ _ V) as [p [P [Z ->]]]. exists p, (1 / p). rewrite P. parts.
  + simpl. unfold Xdiv'. case is_zero_spec; [lra | easy].
  + evar_last; [now apply is_derive_ln|]. field. lra.
- apply (along_chain sin); [|assumption].
  intros r V. destruct x as [[|p] u]; [easy|]. exists p, (cos p). injection V as <-. parts; [easy|].
  apply is_derive_sin.
- apply (along_chain cos); [|assumption].
  intros r V. destruct x as [[|p] u]; [easy|]. exists p, (- sin p). injection V as <-. parts; [easy|].
  apply is_derive_cos.
- apply (along_chain tanh); [|assumption].
  intros r V. destruct x as [[|p] u]; [easy|]. exists p, (1 - tanh p ^ 2). injection V as <-. parts; [easy|].
  apply is_derive_tanh.
Qed.
End Along.
