(* What is claimed about a hallucinated point beyond its existence: the checks,
   and the theorem about all of it. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance minimizer gradients descent sam point.
From Hallucert.tapes Require Import tape relations reals programs intervals bounds enclosures krawczyk
  rationals.
From Hallucert.tapes Require Export check.
Import ListNotations.
Open Scope R_scope.

(* [Minimizer root]: the Hessian at the target is a sum of squares, given by root,
   and a matrix with a dominant diagonal.
   [NoMinimizer v]: it is negative along v. [Saddle v w]: negative along v, positive along w.
   [Converges eta W V size inner q start]: SAM with step eta converges from the box with half widths start.
     W and V are
   inverse to each other; inner is a smaller box of x*, and q one that contains a ball of radius size, in the
   coordinates W x, around each of its points. *)
Inductive claim :=
  | Minimizer (root : list (list number))
  | NoMinimizer (v : list number)
  | Saddle (v w : list number)
  | Converges (eta : number) (W V : list (list number)) (size : number) (inner q start : list number).

(* What a claim says about the hallucinated point x. *)
Definition says (p : point) (k : claim) (x : vec) : Prop :=
  let n := dimension p in
  match k with
  | Minimizer _ =>
      strict_local_minimizer n (f_of p) (P_of p x) /\ strict_local_minimizer n (fun y => f_of p (P_of p y)) x
  | NoMinimizer _ => ~ local_minimizer n (f_of p) (P_of p x)
  | Saddle _ _ => saddle n (f_of p) (P_of p x)
  | Converges eta _ _ _ _ _ start =>
      forall y, box n (numbers (centre p)) (numbers start) y ->
      converges n (fun k => iterate (sam_step (f_of p) (P_of p) (to_real eta)) k y) x
  end.

(* The same point with another box. *)
Definition shrink (p : point) (l : list number) : point :=
  Point (dimension p) (objective_of p) (step_of p) (rho_of p) (centre p) l (preconditioner p) (inverse_of p)
    (target_centre p) (target_radius p).

Fixpoint conclusions (p : point) (ks : list claim) (x : vec) : Prop :=
  match ks with [] => True | k :: ks' => says p k x /\ conclusions p ks' x end.

Module Claims (I : IntervalOps).
Module Export C := Check I.

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

(* The Hessian on the target box. *)
Definition hessian : list (I.type * list I.type) := duals_of prec (gradient_program f) (there prec p).
Definition hessian_real (D : list (I.type * list I.type)) : bool := every n (fun i => all_real (dual_entry
  prec D i)).

Lemma hessian_jacobian : hessian_real hessian = true -> jacobian n n (target_box p) g H.
Proof.
intros R k t dk Hk Hd. apply (duals_jacobian prec _ n n (there prec p) (gradient_parametric f) R);
  [exact Hk|].
now apply within_box.
Qed.

Lemma hessian_correct : hessian_real hessian = true -> forall y, target_box p y ->
  bounds n (slope prec hessian) (H y).
Proof.
intros R y Hy i j Hi Hj. apply slope_correct; [apply gradient_parametric | now apply within_box|].
exact (every_spec _ _ R i Hi).
Qed.

(* Positive definite: H minus a sum of squares has a dominant diagonal. *)
Definition minimizer (G : list (list number)) : bool :=
  let D := hessian in
  let R := stored prec n (imatrix prec G) in
  let E := stored prec n (fun i j => I.sub prec (slope prec D i j) (isum prec n (fun k => I.mul prec (R k i)
    (R k j)))) in
  hessian_real D && every n (fun i => surely_positive (I.sub prec (I.mul prec (int prec 2) (E i i))
    (isum prec n (fun j => I.mul prec (I.sub prec (int prec 1) (idelta prec i j))
      (I.add prec (I.abs (E i j)) (I.abs (E j i))))))).

Lemma minimizer_correct G : minimizer G = true -> forall y, target_box p y -> positive n (H y).
Proof.
intros C y Hy. apply andb_prop in C. destruct C as [R C]. apply (positive_criterion n (H y) (matrix G)).
set (E := stored _ _ _) in C.
assert (HE : bounds n E (fun i j => H y i j - gram n (matrix G) i j)).
{ apply stored_correct. intros i j Hi Hj. apply isub_correct; [now apply hessian_correct|].
  apply isum_correct. intros k Hk. apply imul_correct; apply stored_correct; auto; intros u v _ _;
    apply imatrix_correct. }
intros i Hi. apply less, (surely_positive_correct _ _ (every_spec _ _ C i Hi)).
apply isub_correct; [apply imul_correct; [apply int_correct | now apply HE]|].
apply isum_correct. intros j Hj. apply imul_correct.
- apply isub_correct; [apply int_correct | apply idelta_correct].
- apply iadd_correct; apply iabs_correct; [now apply (HE i j) | now apply (HE j i)].
Qed.

(* The curvature along a vector. *)
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

(* A step of SAM in the coordinates W x has the Jacobian W (1 - eta J) V. *)
Definition step_matrix (e : I.type) (W V : nat -> nat -> I.type) (J : list (I.type * list I.type)) : nat ->
  nat -> I.type :=
  let N := stored prec n (fun i j => I.sub prec (idelta prec i j) (I.mul prec e (slope prec J i j))) in
  let NV := stored prec n (imm prec n N V) in
  stored prec n (imm prec n W NV).
Definition step_jacobian (eta : R) (W V : mat) (x : vec) : mat :=
  mm n W (mm n (fun i j => delta i j - eta * jac shifted n x i j) V).

Lemma step_matrix_correct e eta W V W' V' X x : bounds n W W' -> bounds n V V' -> holds e eta ->
  within n X x ->
  every n (fun i => all_real (dual_entry prec (duals_of prec shifted X) i)) = true ->
  bounds n (step_matrix e W V (duals_of prec shifted X)) (step_jacobian eta W' V' x).
Proof.
intros HW HV He Hx HJ. apply stored_correct, imm_correct; [exact HW|].
apply stored_correct, imm_correct; [|exact HV]. apply stored_correct. intros k l Hk Hl.
apply isub_correct; [apply idelta_correct|]. apply imul_correct; [exact He|].
apply slope_correct; [apply shifted_parametric | exact Hx | exact (every_spec _ _ HJ k Hk)].
Qed.

(* The sum of row i of |E^T E|. *)
Definition row (E : nat -> nat -> I.type) (i : nat) : I.type :=
  isum prec n (fun j => I.abs (isum prec n (fun k => I.mul prec (E k i) (E k j)))).

Lemma row_correct E A i : bounds n E A -> (i < n)%nat -> holds (row E i) (sum n (fun j => Rabs (gram n A i
  j))).
Proof.
intros B Hi. apply isum_correct. intros j Hj. apply iabs_correct,
  isum_correct. intros k Hk. apply imul_correct; auto.
Qed.

(* The rows are bounded by one number less than 1. *)
Definition contracting (E : nat -> nat -> I.type) : bool :=
  every n (fun i => let s := row E i in I.bounded s && surely_positive (I.sub prec (int prec 1) s)).

Lemma common_bound m (t : nat -> R) : (forall i, (i < m)%nat -> t i < 1) ->
  exists k, k < 1 /\ forall i, (i < m)%nat -> t i <= k.
Proof.
induction m as [|m IH]; intros H; [exists 0; split; [lra | lia]|].
destruct IH as [k [K1 K2]]; [auto|]. exists (Rmax k (t m)). split; [apply Rmax_lub_lt; auto|].
intros i Hi. destruct (Nat.eq_dec i m) as [->|N]; [apply Rmax_r|].
apply Rle_trans with k; [apply K2; lia | apply Rmax_l].
Qed.

Lemma contracting_correct E (S : (nat -> nat -> R) -> Prop) A : contracting E = true ->
  (forall B, S B -> bounds n E B) -> S A ->
  exists k, k < 1 /\ forall B i, S B -> (i < n)%nat -> sum n (fun j => Rabs (gram n B i j)) <= k.
Proof.
intros C HS HA.
assert (T : forall B i, S B -> (i < n)%nat -> sum n (fun j => Rabs (gram n B i j)) <= top (row E i) /\
  top (row E i) < 1).
{ intros B i HB Hi. pose proof (every_spec _ _ C i Hi) as K. apply andb_prop in K. destruct K as [K1 K2].
  destruct (top_correct _ _ K1 (row_correct E B i (HS B HB) Hi)) as [T1 T2]. split; [exact T2|].
  apply less, (surely_positive_correct _ _ K2). apply isub_correct; [apply int_correct | exact T1]. }
destruct (common_bound n (fun i => top (row E i))) as [k [K1 K2]]; [intros i Hi; now apply (T A)|].
exists k. split; [exact K1|]. intros B i HB Hi. apply Rle_trans with (top (row E i));
  [now apply T | now apply K2].
Qed.

(* A ball of radius size around each point of the box r is in the box q, ... *)
Definition reaches (V : nat -> nat -> I.type) (size : I.type) (q : list number) : bool :=
  every n (fun i =>
    let d := I.sub prec (ivector prec q i) (ivector prec (radius p) i) in
    surely_nonnegative d && surely_nonnegative (I.sub prec (I.mul prec d d)
      (I.mul prec (isum prec n (fun j => I.mul prec (V i j) (V i j))) (I.mul prec size size)))).

Lemma reaches_correct V A s t q : bounds n V A -> holds s t -> reaches V s q = true ->
  forall i, (i < n)%nat ->
  r i <= numbers q i /\ square n (A i) * (t * t) <= (numbers q i - r i) * (numbers q i - r i).
Proof.
intros B H K i Hi. pose proof (every_spec _ _ K i Hi) as L. apply andb_prop in L. destruct L as [L1 L2].
assert (D : holds (I.sub prec (ivector prec q i) (ivector prec (radius p) i)) (numbers q i - r i))
  by (apply isub_correct; apply ivector_correct).
split; apply less_equal; [exact (surely_nonnegative_correct _ _ L1 D)|].
apply (surely_nonnegative_correct _ _ L2). apply isub_correct; [now apply imul_correct|].
apply imul_correct; [|now apply imul_correct]. apply isum_correct. intros j Hj. apply imul_correct; auto.
Qed.

(* ... and it contains the box start. *)
Definition contains_start (W : nat -> nat -> I.type) (size : I.type) (start : list number) : bool :=
  let m := table n (fun i => isum prec n (fun j => I.mul prec (I.abs (W i j))
    (I.add prec (ivector prec start j) (ivector prec (radius p) j)))) in
  surely_nonnegative (I.sub prec (I.mul prec size size) (isum prec n (fun i => I.mul prec (get m i) (get m
    i)))).

Lemma contains_start_correct W A s t start : bounds n W A -> holds s t -> contains_start W s start = true ->
  square n (fun i => sum n (fun j => Rabs (A i j) * (numbers start j + r j))) <= t * t.
Proof.
intros B H K. apply less_equal, (surely_nonnegative_correct _ _ K). apply isub_correct;
  [now apply imul_correct|].
assert (M : forall i, (i < n)%nat -> holds (get (table n (fun i => isum prec n (fun j => I.mul prec (I.abs
  (W i j))
  (I.add prec (ivector prec start j) (ivector prec (radius p) j))))) i) (sum n (fun j => Rabs (A i j) *
    (numbers start j + r j)))).
{ intros i Hi. rewrite nth_table by exact Hi. apply isum_correct. intros j Hj. apply imul_correct;
  [now apply iabs_correct, B|].
  apply iadd_correct; apply ivector_correct. }
apply isum_correct. intros i Hi. apply imul_correct; now apply M.
Qed.

(* The function is differentiable on the box X, and where SAM looks from there. *)
Definition differentiable_on (X T : list I.type) (J : list (I.type * list I.type)) : bool :=
  smooth_on prec p X && smooth_on prec p T && every n (fun i => I.real (get T i)) &&
  every n (fun i => all_real (dual_entry prec J i)).

(* SAM converges. *)
Definition converging (eta : number) (W V : list (list number)) (size : number) (q start : list number) :
  bool :=
  let X := iball prec (centre p) q n in
  let T := outputs_of prec ascending n n X in
  let J := duals_of prec shifted X in
  let Wi := stored prec n (imatrix prec W) in
  let Vi := stored prec n (imatrix prec V) in
  let e := enclosure prec size in
  inverses n W V && differentiable_on X T J && contracting (step_matrix (enclosure prec eta) Wi Vi J) &&
  reaches Vi e q && contains_start Wi e start.

Theorem converging_correct eta W V size q start x : base prec p = true ->
  converging eta W V size q start = true ->
  inside_of p x -> hallucinated n (f_of p) P x -> 
  forall y, box n c (numbers start) y -> converges n (fun k => iterate (sam_step (f_of p) P (to_real eta)) k
    y) x.
Proof.
intros HB HC Hx Zx y Hy. unfold converging in HC.
set (X := iball prec (centre p) q n) in HC. set (T := outputs_of prec ascending n n X) in HC.
set (J := duals_of prec shifted X) in HC. rewrite !andb_true_iff in HC. destruct HC as [[[[HI HD] HK] HR] HS].
unfold differentiable_on in HD. rewrite !andb_true_iff in HD. destruct HD as [[[HX HT] HTR] HJ].
assert (In : forall z, box n c (numbers q) z -> within n X z) by (intros; now apply within_box).
assert (Ext : forall Y, extensional n (within n Y)).
{ intros Y u v E Hu. unfold within. now rewrite <- (list_of_ext n u v E). }
pose proof (reaches_correct _ _ _ _ q (stored_matrix prec n V) (enclosure_correct prec size) HR) as Reach.
assert (Xq : box n c (numbers q) x).
{ intros i Hi. destruct (Reach i Hi) as [L _]. specialize (Hx i Hi). lra. }
destruct (contracting_correct _ (fun B => exists z, box n c (numbers q) z /\
  B = step_jacobian (to_real eta) (matrix W) (matrix V) z)
  (step_jacobian (to_real eta) (matrix W) (matrix V) x) HK) as [k [K1 K2]].
{ intros B [z [Hz ->]]. apply step_matrix_correct; auto using stored_matrix. apply enclosure_correct. }
{ now exists x. }
apply (sam_converges n (f_of p) g P Q c r (numbers q) (numbers start) (within n T) (matrix W) (matrix V)
  (jac shifted n) (to_real eta) k (to_real size)).
- exact (smooth_gradient_on prec p T HT).
- apply Ext.
- intros z Hz. apply (looks_at_meaning _ _ _ _ (within n X));
  [exact (smooth_gradient_on prec p X HX) | apply Ext | now apply In].
- intros z Hz. apply outputs_within; [apply ascent_parametric | now apply In | exact HTR].
- now apply inverses_correct.
- apply (jacobian_weaken n n (within n X)); [exact In | exact (shifted_on prec p X HJ)].
- exact K1.
- intros z i Hz Hi. apply K2; [|exact Hi]. now exists z.
- exact Reach.
- exact (contains_start_correct _ _ _ _ start (stored_matrix prec n W) (enclosure_correct prec size) HS).
- now apply inside_box.
- exact Zx.
- exact Hy.
Qed.

End Claim.

Section Claims_of_point.
Variables (prec : I.F.precision) (p : point).
Notation n := (dimension p).
Notation f := (objective_of p).
Notation c := (numbers (centre p)).
Notation r := (numbers (radius p)).
Notation g := (meaning (gradient_program f) n).
Notation P := (P_of p).
Notation H := (jac (gradient_program f) n).
Notation Q := (meaning (ascent_program (step_of p) (rho_of p) f) n).

(* The check of a claim, and of a point with claims. *)
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
  + now apply (target_minimizer n (f_of p) g H P Q c r (numbers (target_centre p)) (numbers (target_radius
    p))).
  + apply (sam_minimizer n (f_of p) g H P Q c r (numbers (target_centre p)) (numbers (target_radius p)));
    auto.
    now apply base_nonzero with prec.
- apply (target_no_minimizer n (f_of p) g H P Q c r (numbers (target_centre p)) (numbers (target_radius p)))
  with (numbers v);
    auto; [now apply hessian_jacobian with prec, concave_real with v | now apply concave_correct with prec].
- apply andb_prop in K. destruct K as [Kv Kw].
  apply (target_saddle n (f_of p) g H P Q c r (numbers (target_centre p)) (numbers (target_radius p))) with
    (numbers v) (numbers w);
    auto; [now apply hessian_jacobian with prec, concave_real with v | now apply concave_correct with prec |
      now apply convex_correct with prec].
- rewrite !andb_true_iff in K. destruct K as [[K1 K2] K3].
  destruct (exactly_one_point prec (shrink p inner) K1) as [z [Hz [Zz _]]].
  assert (E : eqv n z x).
  { apply U; [|exact Zz]. intros i Hi. apply Rle_trans with (numbers inner i); [now apply Rlt_le, Hz|].
    apply less_equal, (surely_nonnegative_correct _ _ (every_spec _ _ K3 i Hi)).
    apply isub_correct; apply ivector_correct. }
  intros y Hy i Hi. rewrite <- (E i Hi).
  now apply (converging_correct prec (shrink p inner) eta W V size q start z).
Qed.

(* The theorem of a point: exactly one hallucinated point is in the box, and what is claimed of it holds. *)
Theorem hallucinated_point ks : check ks = true ->
  exists x, inside_of p x /\ hallucinated n (f_of p) P x /\
    (forall y, box_of p y -> hallucinated n (f_of p) P y -> eqv n y x) /\
    (forall y, box_of p y -> differentiable n (f_of p) y /\ differentiable n (f_of p) (P y)) /\
    conclusions p ks x.
Proof.
intros K. apply andb_prop in K. destruct K as [B K]. destruct (exactly_one_point prec p B) as [x [Hx [Zx U]]].
exists x. split; [exact Hx|]. split; [exact Zx|]. split; [exact U|]. split;
  [now apply differentiable_point with prec|].
rewrite forallb_forall in K. induction ks as [|k ks IH]; simpl; [exact I|].
split; [apply claim_correct; auto; apply K; now left | apply IH; intros; apply K; now right].
Qed.
End Claims_of_point.
End Claims.
