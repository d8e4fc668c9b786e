(** The iteration [x - eta F x] converges to a zero [z] of [F] from every start of an ellipsoid.

    The ellipsoid is a ball about [z] in the coordinates [y = W (x - z)]; there the iteration contracts the
    Euclidean norm if the matrix [W (I - eta J) V], with [V] the inverse of [W], has a norm below 1. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian banach dominance.
Open Scope R_scope.

(** [W] and [V] are inverse to each other. *)
Definition inverse (n : nat) (W V : mat) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> mm n W V i j = delta i j /\ mm n V W i j = delta i j.

(** A step of the iteration. *)
Definition descent (F : vec -> vec) (eta : R) (x : vec) : vec := fun i => x i - eta * F x i.

(** The square of the Euclidean norm, and what it bounds. *)
Definition square (n : nat) (v : vec) : R := sum n (fun i => v i * v i).

Lemma square_nonneg n v : 0 <= square n v.
Proof. apply sum_nonneg. intros. apply Rle_0_sqr. Qed.

Lemma square_ext n v w : eqv n v w -> square n v = square n w.
Proof. intros E. apply sum_ext. intros i Hi. now rewrite E. Qed.

(** [V W v = v] *)
Lemma inverse_mv n W V v i : inverse n W V -> (i < n)%nat -> mv n V (mv n W v) i = v i.
Proof.
  intros I Hi. rewrite <- mv_mm, (mv_ext n _ delta v v i); [now apply mv_delta | | apply eqv_refl].
  intros j Hj. now apply I.
Qed.

(** The iteration has the Jacobian [I - eta J]. *)
Lemma jacobian_descent n (D : vec -> Prop) F (J : vec -> mat) eta :
  jacobian n n D F J -> jacobian n n D (descent F eta) (fun x i j => delta i j - eta * J x i j).
Proof.
  intros H c t dc Hc Hd i Hi. replace (sum n _) with (dc i - eta * sum n (fun j => J (c t) i j * dc j)).
  - apply derive_minus; [now apply Hc | now apply derive_scal, H].
  - rewrite <- (sum_delta n i dc Hi) at 1. rewrite <- sum_scal, <- sum_minus. apply sum_ext. intros. ring.
Qed.

Lemma descent_eqv n (D : vec -> Prop) F (J : vec -> mat) eta x y :
  jacobian n n D F J -> D x -> D y -> eqv n x y -> eqv n (descent F eta x) (descent F eta y).
Proof.
  intros HJ Hx Hy E i Hi. unfold descent. now rewrite (E i Hi), (jacobian_eqv n n D F J x y i).
Qed.

(** Inequality of Cauchy and Schwarz. *)
Lemma cauchy_schwarz n u v : (sum n (fun i => u i * v i)) * (sum n (fun i => u i * v i))
  <= square n u * square n v.
Proof.
  assert (P : forall t, 0 <= square n u - 2 * t * sum n (fun i => u i * v i) + t * t * square n v).
  { intros t. unfold square. rewrite <- !sum_scal, <- sum_minus, <- sum_plus. apply sum_nonneg. intros i _.
    replace (_ + _) with (Rsqr (u i - t * v i)) by (unfold Rsqr; ring). apply Rle_0_sqr. }
  set (p := sum n (fun i => u i * v i)) in *. pose proof (square_nonneg n v) as [Q|Q].
  - specialize (P (p / square n v)). apply Rmult_le_compat_r with (r := square n v) in P; [|lra].
    replace ((_ - _ + _) * _) with (square n u * square n v - p * p) in P by (field; lra). lra.
  - rewrite <- Q in *. destruct (Req_dec p 0) as [Z|Z]; [rewrite Z; lra|].
    specialize (P ((1 + square n u) / (2 * p))).
    replace (_ - _ + _) with (-1) in P by (field; lra). lra.
Qed.

(** [|E u|^2 <= k |u|^2] if the rows of [|E^T E|] sum up to at most [k]. *)
Lemma gram_bound n E k u :
  (forall i, (i < n)%nat -> sum n (fun j => Rabs (gram n E i j)) <= k) ->
    square n (mv n E u) <= k * square n u.
Proof.
  intros H. unfold square at 1. rewrite <- gram_form. unfold form, mv.
  apply Rle_trans with (sum n (fun i => sum n (fun j => Rabs (gram n E i j) * (u i * u i + u j * u j) / 2))).
  - apply sum_le. intros i _. rewrite <- sum_scal. apply sum_le. intros j _.
    pose proof (product_lower (- gram n E i j) (u i) (u j)). rewrite Rabs_Ropp in *. lra.
  - assert (S : forall i j, gram n E i j = gram n E j i) by (intros; apply sum_ext; intros; ring).
    rewrite (sum_ext n _ (fun i => sum n (fun j => Rabs (gram n E i j) * (u i * u i / 2)) +
      sum n (fun j => Rabs (gram n E j i) * (u j * u j / 2)))).
    + rewrite sum_plus, (sum_swap n n (fun i j => Rabs (gram n E j i) * (u j * u j / 2))), <- sum_plus.
      unfold square. rewrite <- sum_scal. apply sum_le. intros i Hi. rewrite !sum_scal_r.
      specialize (H i Hi). pose proof (Rle_0_sqr (u i)) as Q. unfold Rsqr in Q. nra.
    + intros i _. rewrite <- sum_plus. apply sum_ext. intros j _. rewrite (S j i). field.
Qed.

Section Descent.
Variables (n : nat) (c r q start : vec) (W V : mat) (F : vec -> vec) (J : vec ->
  mat) (eta k size : R) (z : vec).
Hypothesis I : inverse n W V.
Hypothesis HJ : jacobian n n (box n c q) F J.
Hypothesis k_less : k < 1.
Hypothesis contracts : forall x i, box n c q x -> (i < n)%nat ->
  sum n (fun j => Rabs (gram n (mm n W (mm n (fun i j => delta i j - eta * J x i j) V)) i j)) <= k.
Hypothesis reach : forall i, (i < n)%nat ->
  r i <= q i /\ square n (V i) * (size * size) <= (q i - r i) * (q i - r i).
Hypothesis (Hz : box n c r z) (Zz : forall i, (i < n)%nat -> F z i = 0).

(** The coordinates of [x], the ellipsoid; it lies in the box [q]. *)
Let chart (x : vec) : vec := mv n W (fun j => x j - z j).
Let ellipsoid (x : vec) : Prop := square n (chart x) <= size * size.

Lemma ellipsoid_box x : ellipsoid x -> box n c q x.
Proof.
  intros Hx i Hi. destruct (reach i Hi) as [L S].
  assert (E : x i - z i = sum n (fun j => V i j * chart x j)) by (symmetry;
    exact (inverse_mv n W V _ i I Hi)).
  assert (B : (x i - z i) * (x i - z i) <= (q i - r i) * (q i - r i)).
  { rewrite E. eapply Rle_trans; [apply cauchy_schwarz|]. eapply Rle_trans; [|exact S].
    apply Rmult_le_compat_l; [apply square_nonneg | exact Hx]. }
  replace (x i - c i) with ((x i - z i) + (z i - c i)) by ring. eapply Rle_trans; [apply Rabs_triang|].
  assert (Rabs (x i - z i) <= q i - r i); [|specialize (Hz i Hi); lra].
  rewrite <- (Rabs_pos_eq (q i - r i)) by lra. now apply Rsqr_le_abs_0.
Qed.

(** One step brings a point of the ellipsoid closer to [z]. *)
Lemma step_contracts x : ellipsoid x -> square n (chart (descent F eta x)) <= k * square n (chart x).
Proof.
  intros Hx. set (d := chart (descent F eta x)). set (e := fun j => x j - z j). set (T := descent F eta).
  assert (Bz : box n c q z).
  { intros i Hi. destruct (reach i Hi). specialize (Hz i Hi). lra. }
  assert (B : forall t, 0 <= t <= 1 -> box n c q (line z e t)).
  { intros t Ht. apply (box_convex n c q z x _ t); auto; [now apply ellipsoid_box | apply eqv_refl]. }
  assert (Tz : eqv n (T z) z) by (intros i Hi; unfold T, descent; rewrite Zz by exact Hi; ring).
  (* the mean value theorem, for the component of the image along [d] *)
  set (N := fun (y : vec) i j => delta i j - eta * J y i j).
  destruct (mean_value_01 (fun s => sum n (fun i => d i * mv n W (T (line z e s)) i))
    (fun s => sum n (fun i => d i * mv n W (mv n (N (line z e s)) e) i))) as [t [Ht E]].
  { intros t Ht. apply (derive_sum n (fun i s => d i * mv n W (T (line z e s)) i)). intros i Hi.
    apply derive_scal.
    apply (curve_mv n W (fun s => T (line z e s))). intros j Hj.
    apply (jacobian_descent n (box n c q) F J eta HJ (line z e)); [apply curve_line | now apply B | exact Hj].
    }
  simpl in E. rewrite <- sum_minus in E.
  set (M := mm n W (mm n (N (line z e t)) V)). assert (Bt : box n c q (line z e t)) by (apply B; lra).
  assert (L : square n d = sum n (fun i => d i * mv n M (chart x) i)).
  { etransitivity; [etransitivity; [|exact E]|].
    - apply sum_ext. intros i Hi. rewrite <- Rmult_minus_distr_l. f_equal.
      rewrite <- mv_minus. apply mv_ext; [easy|]. intros j Hj. f_equal.
      + apply (descent_eqv n (box n c q) F J); auto; [now apply ellipsoid_box | apply B; lra |].
        intros l _. unfold line, e. ring.
      + rewrite <- (Tz j Hj). apply (descent_eqv n (box n c q) F J); auto; [apply B; lra|].
        intros l _. unfold line. ring.
    - apply sum_ext. intros i Hi. f_equal. unfold M. rewrite mv_mm. apply mv_ext; [easy|]. intros j Hj.
      rewrite mv_mm. apply mv_ext; [easy|]. intros l Hl. symmetry. now apply inverse_mv. }
  assert (C : square n (mv n M (chart x)) <= k * square n (chart x)) by (apply gram_bound; intros;
    now apply contracts).
  pose proof (cauchy_schwarz n d (mv n M (chart x))) as S. rewrite <- L in S.
  pose proof (square_nonneg n d) as P. pose proof (square_nonneg n (mv n M (chart x))). nra.
Qed.

Lemma k_nonneg : (0 < n)%nat -> 0 <= k.
Proof.
  intros Hn. assert (Bz : box n c q z).
  { intros i Hi. destruct (reach i Hi). specialize (Hz i Hi). lra. }
  eapply Rle_trans; [|apply (contracts z 0%nat Bz Hn)]. apply sum_nonneg. intros. apply Rabs_pos.
Qed.

(** So the iterates stay in the ellipsoid, and their distance from [z] decreases geometrically. *)
Lemma iterates x : (0 < n)%nat -> ellipsoid x -> forall j,
  ellipsoid (iterate (descent F eta) j x) /\
  square n (chart (iterate (descent F eta) j x)) <= k ^ j * (size * size).
Proof.
  intros Hn Hx j. pose proof (k_nonneg Hn) as K. induction j as [|j [IE IS]]; simpl; [split; [exact Hx|]|].
  - rewrite Rmult_1_l. exact Hx.
  - pose proof (step_contracts _ IE) as S. split.
    + unfold ellipsoid in *. pose proof (square_nonneg n (chart (iterate (descent F eta) j x))). nra.
    + eapply Rle_trans; [exact S|]. rewrite Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

Lemma ellipsoid_converges x : ellipsoid x ->
  converges n (fun j => iterate (descent F eta) j x) z /\ forall j, box n c q (iterate (descent F eta) j x).
Proof.
  intros Hx. split.
  - intros i Hi. assert (Hn : (0 < n)%nat) by lia. pose proof (k_nonneg Hn) as K. apply limit_difference.
    apply is_lim_seq_ext with (fun j => sum n (fun l => V i l * chart (iterate (descent F eta) j x) l)).
    { intros j. exact (inverse_mv n W V _ i I Hi). }
    apply (sum_limit_0 n (V i) (fun j l => chart (iterate (descent F eta) j x) l)). intros l Hl.
    apply limit_squeeze with (fun j => sqrt (k ^ j * (size * size))).
    + intros j. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt. destruct (iterates x Hn Hx j) as [_ S].
      eapply Rle_trans; [|exact S].
      apply (sum_term n (fun i => chart _ i * chart _ i) l Hl). intros. apply Rle_0_sqr.
    + rewrite <- sqrt_0. apply (is_lim_seq_continuous sqrt (fun j => k ^ j * (size * size)) 0).
      * apply continuity_pt_sqrt. lra.
      * replace (Finite 0) with (Rbar_mult 0 (size * size)) by (simpl; f_equal; ring).
        apply (is_lim_seq_scal_r (fun j => k ^ j) (size * size) 0), is_lim_seq_geom. rewrite Rabs_pos_eq; lra.
  - intros j i Hi. apply ellipsoid_box; [|exact Hi]. apply iterates; [lia | exact Hx].
Qed.

(** A box of starts about the centre is in the ellipsoid. *)
Hypothesis starts : square n (fun i => sum n (fun j => Rabs (W i j) * (start j + r j))) <= size * size.

Lemma start_ellipsoid x : box n c start x -> ellipsoid x.
Proof.
  intros Hx. eapply Rle_trans; [|exact starts]. apply sum_le. intros i _. apply Rsqr_le_abs_1.
  rewrite (Rabs_pos_eq (sum n _)).
  - apply (mv_bound n W _ (fun j => Rabs (W i j)) (fun j => start j + r j) i); [intros; lra|]. intros j Hj.
    replace (x j - z j) with ((x j - c j) - (z j - c j)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. specialize (Hx j Hj). specialize (Hz j Hj).
    lra.
  - apply sum_nonneg. intros j Hj. apply Rmult_le_pos; [apply Rabs_pos|].
    specialize (Hx j Hj). specialize (Hz j Hj).
    pose proof (Rabs_pos (x j - c j)). pose proof (Rabs_pos (z j - c j)). lra.
Qed.

(** From every start of the box the iterates converge to [z], and they stay in the box [q]. *)
Theorem descent_converges x : box n c start x ->
  converges n (fun j => iterate (descent F eta) j x) z /\ forall j, box n c q (iterate (descent F eta) j x).
Proof. intros Hx. apply ellipsoid_converges, start_ellipsoid, Hx. Qed.
End Descent.
