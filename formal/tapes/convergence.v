(** SAM converges: the check that its step contracts on a box, in a Euclidean norm, and what follows. *)
From Coq Require Import Reals Lra Lia ZArith Bool.
From Coq Require Import List.
From Interval Require Import Xreal Basic Interval.
From Hallucert.theory Require Import vectors jacobian dominance minimizer gradients descent sam point.
From Hallucert.tapes Require Import rationals check.
Import ListNotations.
Open Scope R_scope.

Module Convergence (I : IntervalOps).
Module Export C := Check I.

Section Convergence.
Variables (prec : I.F.precision) (p : point).
Notation n := (dimension p).
Notation f := (objective_of p).
Notation a := (intervals prec).
Notation holds i r := (contains (I.convert i) (Xreal r)).
Notation c := (numbers (centre p)).
Notation r := (numbers (radius p)).
Notation g := (meaning (gradient_program f) n).
Notation P := (P_of p).
Notation get := (fun l i => nth i l (zero a)).
Notation shifted := (shifted_program (step_of p) (rho_of p) f).
Notation slopes := (slopes_program shifted).
Notation ascending := (ascent_program (step_of p) (rho_of p) f).
Notation Q := (meaning ascending n).

(** The entries of the Jacobian of the gradient where SAM looks, on the box q: as they are, and by mean value
   forms. *)
Definition entries_ok (JJ : list (I.type * list I.type)) (F : list I.type) : bool :=
  centred_ok prec n (n * n) JJ F.
Definition entries (J JJ : list (I.type * list I.type)) (F : list I.type) (q : list number) :
  nat -> nat -> I.type :=
  stored prec n (fun i j => I.meet (slope prec J i j) (centred prec n (ivector prec q) JJ F (i * n + j))).

Lemma entries_correct X q x : (forall z, box n c (numbers q) z -> within n X z) ->
  (forall i, (i < n)%nat -> 0 <= numbers q i) -> box n c (numbers q) x ->
  let J := duals_of prec shifted X in
  let JJ := duals_of prec slopes X in
  let F := outputs_of prec slopes n (n * n) (centre_point prec p) in
  every n (fun i => all_real (dual_entry prec J i)) = true -> entries_ok JJ F = true ->
  bounds n (entries J JJ F q) (jac shifted n x).
Proof.
intros HX Hq Hx J JJ F HJ H. apply stored_correct. intros i j Hi Hj. apply I.meet_correct.
{ apply slope_correct; [apply shifted_parametric | now apply HX | exact (every_spec _ _ HJ i Hi)]. }
rewrite <- slopes_meaning; try assumption; [| apply shifted_parametric |].
- apply centred_correct with (m := (n * n)%nat) (c := c) (r := numbers q) (X := X) (C := centre_point prec p);
    try assumption; [apply slopes_parametric, shifted_parametric | apply ivector_correct |
      apply within_centre | nia].
- apply (all_real_smooth prec _ n X);
  [apply shifted_parametric | now apply HX | exact (every_spec _ _ HJ i Hi)].
Qed.

(** A step of SAM in the coordinates W x has the Jacobian W (1 - eta J) V. *)
Definition step_matrix (e : I.type) (W V J : nat -> nat -> I.type) : nat -> nat -> I.type :=
  let N := stored prec n (fun i j => I.sub prec (idelta prec i j) (I.mul prec e (J i j))) in
  let NV := stored prec n (imm prec n N V) in
  stored prec n (imm prec n W NV).
Definition step_jacobian (eta : R) (W V : mat) (x : vec) : mat :=
  mm n W (mm n (fun i j => delta i j - eta * jac shifted n x i j) V).

Lemma step_matrix_correct e eta W V J W' V' x : bounds n W W' -> bounds n V V' -> holds e eta ->
  bounds n J (jac shifted n x) -> bounds n (step_matrix e W V J) (step_jacobian eta W' V' x).
Proof.
intros HW HV He HJ. apply stored_correct, imm_correct; [exact HW|].
apply stored_correct, imm_correct; [|exact HV]. apply stored_correct. intros k l Hk Hl.
apply isub_correct; [apply idelta_correct|]. apply imul_correct; [exact He | now apply HJ].
Qed.

(** The sum of row i of |E^T E|. *)
Definition row (E : nat -> nat -> I.type) (i : nat) : I.type :=
  isum prec n (fun j => I.abs (isum prec n (fun k => I.mul prec (E k i) (E k j)))).

Lemma row_correct E A i : bounds n E A -> (i < n)%nat ->
  holds (row E i) (sum n (fun j => Rabs (gram n A i j))).
Proof.
intros B Hi. apply isum_correct. intros j Hj. apply iabs_correct,
  isum_correct. intros k Hk. apply imul_correct; auto.
Qed.

(** The rows are bounded by one number less than 1. *)
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
assert (T : forall B i, S B -> (i < n)%nat ->
  sum n (fun j => Rabs (gram n B i j)) <= top (row E i) /\ top (row E i) < 1).
{ intros B i HB Hi. pose proof (every_spec _ _ C i Hi) as K. apply andb_prop in K. destruct K as [K1 K2].
  destruct (top_correct _ _ K1 (row_correct E B i (HS B HB) Hi)) as [T1 T2]. split; [exact T2|].
  apply less, (surely_positive_correct _ _ K2). apply isub_correct; [apply int_correct | exact T1]. }
destruct (common_bound n (fun i => top (row E i))) as [k [K1 K2]]; [intros i Hi; now apply (T A)|].
exists k. split; [exact K1|]. intros B i HB Hi.
apply Rle_trans with (top (row E i)); [now apply T | now apply K2].
Qed.

(** A ball of radius size around each point of the box r is in the box q, ... *)
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

(** ... and it contains the box start. *)
Definition contains_start (W : nat -> nat -> I.type) (size : I.type) (start : list number) : bool :=
  let m := table n (fun i => isum prec n (fun j => I.mul prec (I.abs (W i j))
    (I.add prec (ivector prec start j) (ivector prec (radius p) j)))) in
  surely_nonnegative (I.sub prec (I.mul prec size size)
    (isum prec n (fun i => I.mul prec (get m i) (get m i)))).

Lemma contains_start_correct W A s t start : bounds n W A -> holds s t -> contains_start W s start = true ->
  square n (fun i => sum n (fun j => Rabs (A i j) * (numbers start j + r j))) <= t * t.
Proof.
intros B H K. apply less_equal, (surely_nonnegative_correct _ _ K).
apply isub_correct; [now apply imul_correct|].
assert (M : forall i, (i < n)%nat -> holds (get
  (table n (fun i => isum prec n (fun j => I.mul prec (I.abs (W i j))
  (I.add prec (ivector prec start j) (ivector prec (radius p) j))))) i)
    (sum n (fun j => Rabs (A i j) * (numbers start j + r j)))).
{ intros i Hi. rewrite nth_table by exact Hi. apply isum_correct. intros j Hj.
  apply imul_correct; [now apply iabs_correct, B|].
  apply iadd_correct; apply ivector_correct. }
apply isum_correct. intros i Hi. apply imul_correct; now apply M.
Qed.

(** The function is differentiable on the box X, and where SAM looks from there. *)
Definition differentiable_on (X T : list I.type) (J : list (I.type * list I.type)) : bool :=
  smooth_on prec f n X && nonstationary prec f n X && smooth_on prec f n T &&
  every n (fun i => I.real (get T i)) && every n (fun i => all_real (dual_entry prec J i)).

(** SAM converges. *)
Definition converging (eta : number) (W V : list (list number)) (size : number)
    (q start : list number) : bool :=
  let X := iball prec (centre p) q n in
  let T := outputs_of prec ascending n n X in
  let J := duals_of prec shifted X in
  let JJ := duals_of prec slopes X in
  let F := outputs_of prec slopes n (n * n) (centre_point prec p) in
  let Wi := stored prec n (imatrix prec W) in
  let Vi := stored prec n (imatrix prec V) in
  let e := enclosure prec size in
  inverses n W V && differentiable_on X T J && entries_ok JJ F &&
  contracting (step_matrix (enclosure prec eta) Wi Vi (entries J JJ F q)) &&
  reaches Vi e q && contains_start Wi e start.

Theorem converging_correct eta W V size q start x : base prec p = true ->
  converging eta W V size q start = true -> inside_of p x -> hallucinated n (f_of p) P x -> forall y,
    box n c (numbers start) y -> let orbit k := iterate (sam_step (f_of p) P (to_real eta)) k y in
  (forall k, regular n (f_of p) P (orbit k)) /\
  (forall k, domain_of p (orbit k) /\ domain_of p (P (orbit k))) /\ converges n orbit x.
Proof.
intros HB HC Hx Zx y Hy. unfold converging in HC.
set (X := iball prec (centre p) q n) in HC. set (T := outputs_of prec ascending n n X) in HC.
set (J := duals_of prec shifted X) in HC.
rewrite !andb_true_iff in HC. destruct HC as [[[[[HI HD] HE] HK] HR] HS].
unfold differentiable_on in HD. rewrite !andb_true_iff in HD. destruct HD as [[[[HX HN] HT] HTR] HJ].
assert (In : forall z, box n c (numbers q) z -> within n X z) by (intros; now apply within_box).
pose proof (reaches_correct _ _ _ _ q (stored_matrix prec n V) (enclosure_correct prec size) HR) as Reach.
assert (Xq : box n c (numbers q) x).
{ intros i Hi. destruct (Reach i Hi) as [L _]. specialize (Hx i Hi). lra. }
assert (Hq : forall i, (i < n)%nat -> 0 <= numbers q i).
{ intros i Hi. apply Rle_trans with (1 := Rabs_pos (x i - c i)). now apply Xq. }
destruct (contracting_correct _
  (fun B => exists z, box n c (numbers q) z /\ B = step_jacobian (to_real eta) (matrix W) (matrix V) z)
  (step_jacobian (to_real eta) (matrix W) (matrix V) x) HK) as [k [K1 K2]].
{ intros B [z [Hz ->]]. apply step_matrix_correct; auto using stored_matrix; [apply enclosure_correct|].
  now apply entries_correct. }
{ now exists x. }
assert (Look : forall z, box n c (numbers q) z -> eqv n (P z) (Q z)).
{ intros z Hz. apply (looks_at_meaning _ _ _ _ (within n X)); [|apply within_extensional | now apply In].
  exact (smooth_gradient prec f n X HX). }
assert (There : forall z, box n c (numbers q) z -> within n T (Q z)).
{ intros z Hz. apply outputs_within; [apply ascent_parametric | now apply In | exact HTR]. }
assert (There' : forall z, box n c (numbers q) z -> within n T (P z)).
{ intros z Hz. apply (within_extensional n T (Q z)); [now apply eqv_sym, Look | now apply There]. }
intros orbit. enough (L : converges n orbit x /\ forall j, box n c (numbers q) (orbit j)).
{ destruct L as [L B]. split; [|split; [|exact L]]; intros j.
  - apply (regular_on prec f n P X T); auto.
  - split; [apply (smooth_defined prec f n X) | apply (smooth_defined prec f n T)]; auto. }
apply (sam_converges n (f_of p) g P Q c r (numbers q) (numbers start) (within n T) (matrix W) (matrix V)
  (jac shifted n) (to_real eta) k (to_real size)).
- exact (smooth_gradient prec f n T HT).
- apply within_extensional.
- exact Look.
- exact There.
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
End Convergence.
End Convergence.
