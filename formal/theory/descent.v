(** The iteration [x - eta F x] converges to a zero of [F] from every start of a region.

    The region is a box in the coordinates [y = W (x - c)], with the half widths [s]: there the iteration
    contracts if the matrix [W (I - eta J) V], with [V] the inverse of [W], is small. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian banach dominance zero.
Open Scope R_scope.

(** [W] and [V] are inverse to each other. *)
Definition inverse (n : nat) (W V : mat) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> mm n W V i j = delta i j /\ mm n V W i j = delta i j.

(** The coordinates of [x], and the region they describe. *)
Definition chart (n : nat) (c : vec) (W : mat) (x : vec) : vec := mv n W (fun j => x j - c j).
Definition region (n : nat) (c : vec) (W : mat) (s : vec) (x : vec) : Prop :=
  box n (fun _ => 0) s (chart n c W x).

(** A step of the iteration. *)
Definition descent (F : vec -> vec) (eta : R) (x : vec) : vec := fun i => x i - eta * F x i.

(** [V W v = v] *)
Lemma inverse_mv n W V v i : inverse n W V -> (i < n)%nat -> mv n V (mv n W v) i = v i.
Proof.
  intros I Hi. rewrite <- mv_mm, (mv_ext n _ delta v v i); [now apply mv_delta | | apply eqv_refl].
  intros j Hj. now apply I.
Qed.

(** From coordinates back to points. *)
Lemma unchart_chart n c W V x : inverse n W V -> eqv n (unchart n c V (chart n c W x)) x.
Proof. intros I i Hi. unfold unchart, chart. rewrite inverse_mv by assumption. ring. Qed.

(** Points whose coordinates are small are in a box. *)
Lemma unchart_box n c V (s q : vec) y :
  (forall i, (i < n)%nat -> sum n (fun j => Rabs (V i j) * s j) <= q i) ->
  box n (fun _ => 0) s y -> box n c q (unchart n c V y).
Proof.
  intros H Hy i Hi. unfold unchart. replace (c i + mv n V y i - c i) with (mv n V y i) by ring.
  eapply Rle_trans; [|now apply H]. apply (mv_bound n V y (fun j => Rabs (V i j)) s i); [intros; lra|].
  intros j Hj. specialize (Hy j Hj). now rewrite Rminus_0_r in Hy.
Qed.

(** Points of a box have small coordinates. *)
Lemma box_region n c W (s q : vec) x :
  (forall i, (i < n)%nat -> sum n (fun j => Rabs (W i j) * q j) <= s i) -> box n c q x -> region n c W s x.
Proof.
  intros H Hx i Hi. unfold chart. rewrite Rminus_0_r. eapply Rle_trans; [|now apply H].
  apply (mv_bound n W _ (fun j => Rabs (W i j)) q i); [intros; lra | exact Hx].
Qed.

(** The iteration has the Jacobian [I - eta J]. *)
Lemma jacobian_descent n (D : vec -> Prop) F (J : vec -> mat) eta :
  jacobian n n D F J -> jacobian n n D (descent F eta) (fun x i j => delta i j - eta * J x i j).
Proof.
  intros H c t dc Hc Hd i Hi. replace (sum n _) with (dc i - eta * sum n (fun j => J (c t) i j * dc j)).
  - apply derive_minus; [now apply Hc | now apply derive_scal, H].
  - rewrite <- (sum_delta n i dc Hi) at 1. rewrite <- sum_scal, <- sum_minus. apply sum_ext. intros. ring.
Qed.

Section Descent.
Variables (n : nat) (c s q : vec) (W V K : mat) (F : vec -> vec) (J : vec -> mat) (eta : R).
Hypothesis s_pos : forall i, (i < n)%nat -> 0 < s i.
Hypothesis I : inverse n W V.
Hypothesis V_box : forall i, (i < n)%nat -> sum n (fun j => Rabs (V i j) * s j) <= q i.
Hypothesis HJ : jacobian n n (box n c q) F J.
Hypothesis K_bound : forall x i j, box n c q x -> (i < n)%nat -> (j < n)%nat ->
  Rabs (mm n W (mm n (fun i j => delta i j - eta * J x i j) V) i j) <= K i j.
Hypothesis K_less : forall i, (i < n)%nat -> sum n (fun j => K i j * s j) < s i.
Hypothesis centre : forall i, (i < n)%nat ->
  Rabs (eta * mv n W (F c) i) + sum n (fun j => K i j * s j) <= s i.

(** The iteration in coordinates. *)
Let S (y : vec) : vec := mv n W (fun j => descent F eta (unchart n c V y) j - c j).
Let B : vec -> Prop := box n (fun _ => 0) s.

Lemma K_pos i j : (i < n)%nat -> (j < n)%nat -> 0 <= K i j.
Proof.
  intros Hi Hj. eapply Rle_trans; [apply Rabs_pos | apply (K_bound (unchart n c V (fun _ => 0))); auto].
  apply (unchart_box n c V s q); [exact V_box|]. apply box_centre. intros. now apply Rlt_le, s_pos.
Qed.

Lemma S_contracts x y i : B x -> B y -> (i < n)%nat ->
  Rabs (S y i - S x i) <= sum n (fun j => K i j * Rabs (y j - x j)).
Proof.
  intros Hx Hy Hi.
  apply (mean_value n n B S (fun y => mm n W (mm n (fun i j => delta i j - eta * J (unchart n c V y) i j) V))
    K); auto.
  - apply box_convex.
  - apply (jacobian_weaken n n (fun y => box n c q (unchart n c V y))); [intros z Hz;
    now apply (unchart_box n c V s)|].
    apply (jacobian_chart n (box n c q) (descent F eta) (fun x i j => delta i j - eta * J x i j)).
    now apply jacobian_descent.
  - intros z k l Hz Hk Hl. apply K_bound; auto. now apply (unchart_box n c V s).
Qed.

Lemma S_box x : B x -> B (S x).
Proof.
  intros Hx i Hi. rewrite Rminus_0_r.
  assert (Z : B (fun _ => 0)) by (apply box_centre; intros; now apply Rlt_le, s_pos).
  assert (S0 : S (fun _ => 0) i = - (eta * mv n W (F c) i)).
  { unfold S. assert (C : eqv n (unchart n c V (fun _ => 0)) c).
    { intros j _. unfold unchart. rewrite mv_zero by easy. ring. }
    rewrite (mv_ext n W W _ (fun j => - eta * F c j)), mv_scal; [ring | easy |]. intros j Hj. unfold descent.
    rewrite (C j Hj), (jacobian_eqv n n (box n c q) F J (unchart n c V (fun _ => 0)) c j); auto; [ring | |].
    - now apply (unchart_box n c V s).
    - intros k Hk. rewrite <- (C k Hk) at 1. now apply (unchart_box n c V s). }
  replace (S x i) with ((S x i - S (fun _ => 0) i) + S (fun _ => 0) i) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite S0 at 2. rewrite Rabs_Ropp.
  assert (L : Rabs (S x i - S (fun _ => 0) i) <= sum n (fun j => K i j * s j)); [|specialize (centre i Hi);
    lra].
  eapply Rle_trans; [apply S_contracts; auto|]. apply sum_mult_le; [intros; now apply K_pos|]. exact Hx.
Qed.

(** An orbit, and its coordinates. *)
Lemma descent_eqv x y : box n c q x -> box n c q y -> eqv n x y -> eqv n (descent F eta x) (descent F eta y).
Proof.
  intros Hx Hy E i Hi. unfold descent.
  now rewrite (E i Hi), (jacobian_eqv n n (box n c q) F J x y i).
Qed.

Lemma orbit_chart x k : region n c W s x ->
  B (iterate S k (chart n c W x)) /\
  eqv n (unchart n c V (iterate S k (chart n c W x))) (iterate (descent F eta) k x).
Proof.
  intros Hx. induction k as [|k [IB IE]]; [split; [exact Hx | now apply unchart_chart]|].
  split; [now apply S_box|]. simpl.
  assert (Q : box n c q (unchart n c V (iterate S k (chart n c W x)))) by now apply (unchart_box n c V s).
  eapply eqv_trans; [|apply (descent_eqv _ _ Q)].
  - intros i Hi. unfold unchart at 1. unfold S at 1. rewrite inverse_mv by assumption. ring.
  - intros i Hi. rewrite <- (IE i Hi). now apply Q.
  - exact IE.
Qed.

(** From every start of the region the iterates converge to its zero, and they stay in the box [q]. *)
Theorem descent_converges z : region n c W s z -> (forall i, (i < n)%nat -> F z i = 0) ->
  forall x, region n c W s x ->
    converges n (fun k => iterate (descent F eta) k x) z /\ forall k, box n c q (iterate (descent F eta) k x).
Proof.
  intros Hz Zz x Hx.
  assert (Bx : forall u k, region n c W s u -> box n c q (iterate (descent F eta) k u)).
  { intros u k Hu i Hi. destruct (orbit_chart u k Hu) as [HB HE]. rewrite <- (HE i Hi).
    now apply (unchart_box n c V s q). }
  split; [|intros k; now apply Bx].
  destruct (banach n (fun _ => 0) s K S s_pos K_pos K_less S_box S_contracts) as [y [Hy [Fy [Uy Ly]]]].
  { apply box_centre. intros. now apply Rlt_le, s_pos. }
  assert (Ez : eqv n (chart n c W z) y).
  { apply Uy; [exact Hz|]. intros i Hi. unfold S, chart at 2. apply mv_ext; [easy|]. intros j Hj.
    unfold descent.
    pose proof (unchart_chart n c W V z I) as C. rewrite (C j Hj).
    rewrite (jacobian_eqv n n (box n c q) F J (unchart n c V (chart n c W z)) z j); auto;
      [rewrite Zz by exact Hj; ring | |].
    - now apply (unchart_box n c V s).
    - apply (Bx z 0%nat Hz). }
  intros i Hi. apply is_lim_seq_ext with (fun k => unchart n c V (iterate S k (chart n c W x)) i).
  { intros k. now apply orbit_chart. }
  rewrite <- (unchart_chart n c W V z I i Hi). unfold unchart.
  apply is_lim_seq_plus'; [apply is_lim_seq_const|]. rewrite (mv_ext n V V _ y i); [|easy|exact Ez].
  apply limit_difference.
  apply is_lim_seq_ext with (fun k => sum n (fun j => V i j * (iterate S k (chart n c W x) j - y j))).
  { intros k. unfold mv. rewrite <- sum_minus. apply sum_ext. intros. ring. }
  apply (sum_limit_0 n (V i) (fun k j => iterate S k (chart n c W x) j - y j)). intros j Hj.
  apply difference_limit. now apply Ly.
Qed.
End Descent.
