(** What is claimed about a hallucinated point beyond its existence: the checks, and the theorem about all of
   it. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance minimizer gradients descent sam point.
From Hallucert.tapes Require Import rationals convergence.
From Hallucert.tapes Require Export check.
Import ListNotations.
Open Scope R_scope.

(** [Minimizer root]: the Hessian at the target is a sum of squares, given by root, and a matrix with a
   dominant diagonal.
   [NoMinimizer v]: it is negative along v. [Saddle v w]: negative along v, positive along w.
   [Converges eta W V size inner q start]: SAM with step eta converges from the box with half widths start. W
   and V are inverse to each other; inner is a smaller box of x*, and q one that contains a ball of radius
   size, in the coordinates W x, around each of its points. *)
Inductive claim :=
  | Minimizer (root : list (list number))
  | NoMinimizer (v : list number)
  | Saddle (v w : list number)
  | Converges (eta : number) (W V : list (list number)) (size : number) (inner q start : list number).

(** What a claim says about the hallucinated point x. *)
Definition says (p : point) (k : claim) (x : vec) : Prop :=
  let n := dimension p in
  match k with
  | Minimizer _ =>
      strict_local_minimizer n (f_of p) (P_of p x) /\ strict_local_minimizer n (fun y => f_of p (P_of p y)) x
  | NoMinimizer _ => ~ local_minimizer n (f_of p) (P_of p x)
  | Saddle _ _ => saddle n (f_of p) (P_of p x)
  | Converges eta _ _ _ _ _ start =>
      let starts := box n (numbers (centre p)) (numbers start) in
      let orbit y k := iterate (sam_step (f_of p) (P_of p) (to_real eta)) k y in
      (forall y k, starts y -> regular n (f_of p) (P_of p) (orbit y k)) /\
      (forall y k, starts y -> domain_of p (orbit y k) /\ domain_of p (P_of p (orbit y k))) /\
      (forall y, starts y -> converges n (orbit y) x)
  end.

(** The same point with another box. *)
Definition shrink (p : point) (l : list number) : point :=
  Point (dimension p) (objective_of p) (step_of p) (rho_of p) (centre p) l (preconditioner p) (inverse_of p)
    (target_centre p) (target_radius p).

Fixpoint conclusions (p : point) (ks : list claim) (x : vec) : Prop :=
  match ks with [] => True | k :: ks' => says p k x /\ conclusions p ks' x end.

Module Claims (I : IntervalOps).
Module Export V := Convergence I.

Section Claim.
Variables (prec : I.F.precision) (p : point).
Notation n := (dimension p).
Notation f := (objective_of p).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation c := (numbers (centre p)).
Notation r := (numbers (radius p)).
Notation g := (meaning (gradient_program f) n).
Notation P := (P_of p).
Notation H := (jac (gradient_program f) n).
Notation get := (fun l i => nth i l (zero a)).
Notation shifted := (shifted_program (step_of p) (rho_of p) f).
Notation ascending := (ascent_program (step_of p) (rho_of p) f).
Notation Q := (meaning ascending n).

(** The Hessian on the target box. *)
Definition hessian : list (I.type * list I.type) := duals_of prec (gradient_program f) (there prec p).
Definition hessian_real (D : list (I.type * list I.type)) : bool :=
  every n (fun i => all_real (dual_entry prec D i)).

Lemma hessian_jacobian : hessian_real hessian = true -> jacobian n n (target_box p) g H.
Proof.
intros R k t dk Hk Hd.
apply (duals_jacobian prec _ n n (there prec p) (gradient_parametric f) R); [exact Hk|].
now apply within_box.
Qed.

Lemma hessian_correct : hessian_real hessian = true -> forall y, target_box p y ->
  bounds n (slope prec hessian) (H y).
Proof.
intros R y Hy i j Hi Hj. apply slope_correct; [apply gradient_parametric | now apply within_box|].
exact (every_spec _ _ R i Hi).
Qed.

(** Positive definite: H minus a sum of squares has a dominant diagonal. *)
Definition minimizer (G : list (list number)) : bool :=
  let D := hessian in
  let R := stored prec n (imatrix prec G) in
  let E := stored prec n (fun i j => I.sub prec (slope prec D i j)
    (isum prec n (fun k => I.mul prec (R k i) (R k j)))) in
  hessian_real D && every n (fun i => surely_positive (I.sub prec (I.mul prec (int prec 2) (E i i))
    (isum prec n (fun j => I.mul prec (I.sub prec (int prec 1) (idelta prec i j))
      (I.add prec (I.abs (E i j)) (I.abs (E j i))))))).

Lemma minimizer_correct G : minimizer G = true -> forall y, target_box p y -> positive n (H y).
Proof.
intros C y Hy. apply andb_prop in C. destruct C as [R C]. apply (positive_criterion n (H y) (matrix G)).
set (E := stored _ _ _) in C.
assert (HE : bounds n E (fun i j => H y i j - gram n (matrix G) i j)).
{ apply stored_correct. intros i j Hi Hj. apply isub_correct; [now apply hessian_correct|].
  apply isum_correct. intros k Hk. apply imul_correct; apply stored_correct; auto;
    intros u v _ _; apply imatrix_correct. }
intros i Hi. apply less, (surely_positive_correct _ _ (every_spec _ _ C i Hi)).
apply isub_correct; [apply imul_correct; [apply int_correct | now apply HE]|].
apply isum_correct. intros j Hj. apply imul_correct.
- apply isub_correct; [apply int_correct | apply idelta_correct].
- apply iadd_correct; apply iabs_correct; [now apply (HE i j) | now apply (HE j i)].
Qed.

(** The curvature along a vector. *)
Definition curvature (D : list (I.type * list I.type)) (v : list number) : I.type :=
  let V := ivector prec v in isum prec n (fun i => I.mul prec (V i) (imv prec n (slope prec D) V i)).
Definition concave (v : list number) : bool :=
  let D := hessian in hessian_real D && surely_positive (I.neg (curvature D v)).
Definition convex (v : list number) : bool := let D := hessian in hessian_real D &&
  surely_positive (curvature D v).

Lemma curvature_correct v : hessian_real hessian = true -> forall y, target_box p y ->
  holds (curvature hessian v) (form n (H y) (numbers v)).
Proof.
intros R y Hy. apply isum_correct. intros i Hi. apply imul_correct; [apply ivector_correct|].
apply imv_correct; [now apply hessian_correct | intros; apply ivector_correct | exact Hi].
Qed.

Lemma concave_correct v : concave v = true -> forall y, target_box p y -> form n (H y) (numbers v) < 0.
Proof.
intros C y Hy. apply andb_prop in C. destruct C as [R C]. apply Ropp_lt_cancel. rewrite Ropp_0.
apply (surely_positive_correct _ _ C). exact (I.neg_correct _ _ (curvature_correct v R y Hy)).
Qed.

Lemma convex_correct v : convex v = true -> forall y, target_box p y -> 0 < form n (H y) (numbers v).
Proof.
intros C y Hy. apply andb_prop in C. destruct C as [R C].
apply (surely_positive_correct _ _ C). now apply curvature_correct.
Qed.

End Claim.

Section Claims_of_point.
Variables (prec : I.F.precision) (p : point).
Notation n := (dimension p).
Notation f := (objective_of p).
Notation c := (numbers (centre p)).
Notation r := (numbers (radius p)).
Notation c' := (numbers (target_centre p)).
Notation r' := (numbers (target_radius p)).
Notation g := (meaning (gradient_program f) n).
Notation P := (P_of p).
Notation H := (jac (gradient_program f) n).
Notation Q := (meaning (ascent_program (step_of p) (rho_of p) f) n).

(** The check of a claim, and of a point with claims. *)
Definition check_claim (k : claim) : bool :=
  match k with
  | Minimizer G => minimizer prec p G
  | NoMinimizer v => concave prec p v
  | Saddle v w => concave prec p v && convex prec p w
  | Converges eta W V size inner q start =>
      let p' := shrink p inner in
      base prec p' && converging prec p' eta W V size q start &&
      every n (fun i => surely_nonnegative (I.sub prec (ivector prec (radius p) i) (ivector prec inner i)))
  end.
Definition check (ks : list claim) : bool := base prec p && forallb check_claim ks.

Lemma concave_real v : concave prec p v = true -> hessian_real prec p (hessian prec p) = true.
Proof. intros H. now apply andb_prop in H. Qed.

Lemma claim_correct k x : base prec p = true -> check_claim k = true -> inside_of p x ->
  hallucinated n (f_of p) P x ->
  (forall y, box_of p y -> hallucinated n (f_of p) P y -> eqv n y x) -> says p k x.
Proof.
intros B K Hx Zx U. pose proof (smooth_here prec p B) as F. pose proof (smooth_there prec p B) as F'.
pose proof (looks_is prec p B) as L. pose proof (looks_there prec p B) as L'.
destruct k as [G|v|v w|eta W V size inner q start]; cbn [check_claim] in K.
- pose proof (minimizer_correct prec p G K) as D. apply andb_prop in K. destruct K as [R _].
  pose proof (hessian_jacobian prec p R) as HJ. split.
  + now apply (target_minimizer n (f_of p) g H P Q c r c' r').
  + apply (sam_minimizer n (f_of p) g H P Q c r c' r'); auto.
    now apply base_nonzero with prec.
- apply (target_no_minimizer n (f_of p) g H P Q c r c' r') with (numbers v); auto;
    [now apply hessian_jacobian with prec, concave_real with v | now apply concave_correct with prec].
- apply andb_prop in K. destruct K as [Kv Kw].
  apply (target_saddle n (f_of p) g H P Q c r c' r') with (numbers v) (numbers w); auto;
    [now apply hessian_jacobian with prec, concave_real with v | now apply concave_correct with prec |
     now apply convex_correct with prec].
- rewrite !andb_true_iff in K. destruct K as [[K1 K2] K3].
  destruct (exactly_one_point prec (shrink p inner) K1) as [z [Hz [Zz _]]].
  assert (E : eqv n z x).
  { apply U; [|exact Zz]. intros i Hi. apply Rle_trans with (numbers inner i); [now apply Rlt_le, Hz|].
    apply less_equal, (surely_nonnegative_correct _ _ (every_spec _ _ K3 i Hi)).
    apply isub_correct; apply ivector_correct. }
  pose proof (converging_correct prec (shrink p inner) eta W V size q start z K1 K2 Hz Zz) as C.
  split; [|split].
  + intros y k Hy. now apply (C y Hy).
  + intros y k Hy. now apply (C y Hy).
  + intros y Hy i Hi. rewrite <- (E i Hi). now apply (C y Hy).
Qed.

(** The theorem of a point: exactly one hallucinated point is in the box, and what is claimed of it holds. *)
Theorem hallucinated_point ks : check ks = true ->
  exists x, inside_of p x /\ hallucinated n (f_of p) P x /\
    (forall y, box_of p y -> hallucinated n (f_of p) P y -> eqv n y x) /\
    (forall y, box_of p y -> regular n (f_of p) P y) /\
    (forall y, box_of p y -> domain_of p y /\ domain_of p (P y)) /\
    conclusions p ks x.
Proof.
intros K. apply andb_prop in K. destruct K as [B K]. destruct (exactly_one_point prec p B) as [x [Hx [Zx U]]].
exists x. split; [exact Hx|]. split; [exact Zx|]. split; [exact U|].
split; [now apply regular_point with prec|].
split; [now apply defined_point with prec|].
rewrite forallb_forall in K. induction ks as [|k ks IH]; simpl; [exact I|].
split; [apply claim_correct; auto; apply K; now left | apply IH; intros; apply K; now right].
Qed.
End Claims_of_point.
End Claims.
