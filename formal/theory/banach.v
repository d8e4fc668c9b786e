(** Banach's theorem for a map of a box into itself, in R^n with a weighted maximum norm.

    [T] contracts if [|T x - T y| <= K |x - y|], entry by entry, with a nonnegative matrix [K] such that
    [K r < r] for the half widths [r]: then it does so in the norm [max |x_i| / r_i]. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors.
From Hallucert.theory Require Export sam.
Open Scope R_scope.

(** Of finitely many numbers below 1, one below 1 and nonnegative is above all. *)
Lemma common_factor n (a r : vec) :
  (forall i, (i < n)%nat -> 0 < r i) -> (forall i, (i < n)%nat -> a i < r i) ->
  exists k, 0 <= k < 1 /\ forall i, (i < n)%nat -> a i <= k * r i.
Proof.
  induction n as [|n IH]; intros Hr H.
  - exists 0. split; [lra | intros; lia].
  - destruct IH as [k [Hk Hi]]; [intros; apply Hr; lia | intros; apply H; lia|].
    assert (Rn : 0 < r n) by (apply Hr; lia). assert (An : a n < r n) by (apply H; lia).
    exists (Rmax k (a n / r n)). split.
    + split; [apply Rle_trans with k; [lra | apply Rmax_l]|].
      apply Rmax_lub_lt; [lra|]. now apply Rlt_div_l; [|rewrite Rmult_1_l].
    + intros i Hin. destruct (Nat.eq_dec i n) as [->|N].
      * apply Rle_trans with (a n / r n * r n); [right; field; lra|].
        apply Rmult_le_compat_r; [lra | apply Rmax_r].
      * apply Rle_trans with (k * r i); [apply Hi; lia|].
        apply Rmult_le_compat_r; [apply Rlt_le, Hr; lia | apply Rmax_l].
Qed.

(** A sequence whose steps are bounded by [b k^j] with [k < 1] converges. *)
Lemma geometric_limit (u : nat -> R) k b :
  0 <= k < 1 -> (forall j, Rabs (u (S j) - u j) <= k ^ j * b) -> exists l : R, is_lim_seq u l.
Proof.
  intros Hk H. assert (E : ex_series (fun j => u (S j) - u j)).
  { apply (@ex_series_le R_AbsRing R_CompleteNormedModule _ (fun j => k ^ j * b)); [exact H|].
    apply ex_series_scal_r, ex_series_geom. rewrite Rabs_pos_eq; lra. }
  destruct E as [l Hl]. exists (u O + l). apply is_lim_seq_incr_1.
  apply is_lim_seq_ext with (fun j => u O + sum_n (fun j => u (S j) - u j) j).
  - intros j. induction j as [|j IH]; [rewrite sum_O; ring|].
    rewrite sum_Sn. change plus with Rplus. rewrite <- Rplus_assoc, IH. ring.
  - apply is_lim_seq_plus'; [apply is_lim_seq_const | exact Hl].
Qed.

(** Countably many choices are not needed: the limits of [n] sequences are a vector. *)
Lemma vector_of_limits n (u : nat -> vec) :
  (forall i, (i < n)%nat -> exists l : R, is_lim_seq (fun k => u k i) l) -> exists x, converges n u x.
Proof.
  intros H. exists (fun i => real (Lim_seq (fun k => u k i))). intros i Hi.
  destruct (H i Hi) as [l Hl]. now rewrite (is_lim_seq_unique _ _ Hl).
Qed.

(** A sum of sequences that tend to 0 does, too, and what is below one that does. *)
Lemma sum_limit_0 n (K : vec) (u : nat -> vec) :
  (forall i, (i < n)%nat -> is_lim_seq (fun k => u k i) 0) ->
    is_lim_seq (fun k => sum n (fun i => K i * u k i)) 0.
Proof.
  induction n as [|n IH]; intros H; simpl; [apply is_lim_seq_const|].
  replace 0 with (0 + K n * 0) by ring. apply is_lim_seq_plus'; [apply IH; intros; apply H; lia|].
  apply (is_lim_seq_scal_l (fun k => u k n) (K n) (Finite 0)), H. lia.
Qed.

Lemma limit_squeeze (u b : nat -> R) : (forall k, Rabs (u k) <= b k) -> is_lim_seq b 0 -> is_lim_seq u 0.
Proof.
  intros H Hb. apply is_lim_seq_abs_0. apply is_lim_seq_le_le with (fun _ => 0) b; try easy.
  - intros k. split; [apply Rabs_pos | apply H].
  - apply is_lim_seq_const.
Qed.

Lemma limit_difference (u : nat -> R) (l : R) : is_lim_seq (fun k => u k - l) 0 -> is_lim_seq u l.
Proof.
  intros H. apply is_lim_seq_ext with (fun k => (u k - l) + l); [intros; ring|].
  replace (Finite l) with (Finite (0 + l)) by (f_equal; ring).
  apply is_lim_seq_plus'; [exact H | apply is_lim_seq_const].
Qed.

Lemma difference_limit (u : nat -> R) (l : R) : is_lim_seq u l -> is_lim_seq (fun k => u k - l) 0.
Proof.
  intros H. replace (Finite 0) with (Finite (l - l)) by (f_equal; ring).
  apply is_lim_seq_minus'; [exact H | apply is_lim_seq_const].
Qed.

Section Contraction.
Variables (n : nat) (c r : vec) (K : mat) (T : vec -> vec).
Hypothesis r_pos : forall i, (i < n)%nat -> 0 < r i.
Hypothesis K_pos : forall i j, (i < n)%nat -> (j < n)%nat -> 0 <= K i j.
Hypothesis K_less : forall i, (i < n)%nat -> sum n (fun j => K i j * r j) < r i.
Hypothesis T_box : forall x, box n c r x -> box n c r (T x).
Hypothesis T_contracts : forall x y i, box n c r x -> box n c r y -> (i < n)%nat ->
  Rabs (T y i - T x i) <= sum n (fun j => K i j * Rabs (y j - x j)).

(** If [|y - x| <= q r] then [|T y - T x| <= q k r]. *)
Lemma contraction_factor : exists k, 0 <= k < 1 /\
  forall x y q, box n c r x -> box n c r y -> (forall i, (i < n)%nat -> Rabs (y i - x i) <= q * r i) ->
  forall i, (i < n)%nat -> Rabs (T y i - T x i) <= k * q * r i.
Proof.
  destruct (common_factor n (fun i => sum n (fun j => K i j * r j)) r r_pos K_less) as [k [Hk H]].
  exists k. split; [exact Hk|]. intros x y q Hx Hy Hq i Hi.
  assert (Q : 0 <= q).
  { specialize (Hq i Hi). pose proof (Rabs_pos (y i - x i)). specialize (r_pos i Hi). nra. }
  eapply Rle_trans; [now apply T_contracts|].
  apply Rle_trans with (q * sum n (fun j => K i j * r j)).
  - rewrite <- sum_scal. apply sum_le. intros j Hj. specialize (Hq j Hj). specialize (K_pos i j Hi Hj). nra.
  - specialize (H i Hi). simpl in H. nra.
Qed.

Lemma iterate_box x k : box n c r x -> box n c r (iterate T k x).
Proof. intros H. induction k as [|k IH]; [exact H | now apply T_box]. Qed.

(** Two orbits approach each other. *)
Lemma orbits_approach : exists k, 0 <= k < 1 /\
  forall x y, box n c r x -> box n c r y ->
  forall j i, (i < n)%nat -> Rabs (iterate T j y i - iterate T j x i) <= k ^ j * (2 * r i).
Proof.
  destruct contraction_factor as [k [Hk H]]. exists k. split; [exact Hk|].
  intros x y Hx Hy j. induction j as [|j IH]; intros i Hi; simpl.
  - replace (y i - x i) with ((y i - c i) - (x i - c i)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. specialize (Hx i Hi). specialize (Hy i Hi).
    lra.
  - replace (k * k ^ j * (2 * r i)) with (k * (k ^ j * 2) * r i) by ring.
    apply H; try (now apply iterate_box); [|exact Hi]. intros l Hl. rewrite Rmult_assoc. now apply IH.
Qed.

(** Every orbit converges to a point of the box. *)
Lemma orbit_limit x : box n c r x -> exists z, converges n (fun j => iterate T j x) z /\ box n c r z.
Proof.
  intros Hx. destruct orbits_approach as [k [Hk H]].
  destruct (vector_of_limits n (fun j => iterate T j x)) as [z Hz].
  { intros i Hi. apply (geometric_limit _ k (2 * r i) Hk). intros j.
    replace (iterate T (S j) x) with (iterate T j (T x)); [now apply H; auto|].
    clear. induction j as [|j IH]; simpl; [reflexivity | now rewrite IH]. }
  exists z. split; [exact Hz|]. intros i Hi.
  refine (is_lim_seq_le (fun j => Rabs (iterate T j x i - c i)) (fun _ => r i) (Rabs (z i - c i)) (r i)
    _ _ _).
  - intros j. now apply iterate_box.
  - apply (is_lim_seq_abs (fun j => iterate T j x i - c i) (z i - c i)).
    apply is_lim_seq_minus'; [now apply Hz | apply is_lim_seq_const].
  - apply is_lim_seq_const.
Qed.

(** The limit is fixed. *)
Lemma limit_fixed x z : box n c r x -> box n c r z -> converges n (fun j => iterate T j x) z -> eqv n (T z) z.
Proof.
  intros Hx Hz L i Hi.
  assert (A : is_lim_seq (fun j => iterate T (S j) x i) (T z i)).
  { apply limit_difference. apply limit_squeeze with (fun j => sum n (fun l => K i l * Rabs (iterate T j x l -
    z l))).
    - intros j. simpl. apply T_contracts; auto. now apply iterate_box.
    - apply (sum_limit_0 n (K i) (fun j l => Rabs (iterate T j x l - z l))). intros l Hl.
      rewrite <- Rabs_R0. apply (is_lim_seq_abs _ (Finite 0)), difference_limit. now apply L. }
  apply is_lim_seq_unique in A. pose proof (L i Hi) as B. apply is_lim_seq_incr_1, is_lim_seq_unique in B.
  rewrite A in B. now injection B.
Qed.

(** Banach: exactly one point of the box is fixed, and every orbit from the box converges to it. *)
Theorem banach : box n c r c ->
  exists z, box n c r z /\ eqv n (T z) z /\
    (forall x, box n c r x -> eqv n (T x) x -> eqv n x z) /\
    (forall x, box n c r x -> converges n (fun j => iterate T j x) z).
Proof.
  intros Hc. destruct (orbit_limit c Hc) as [z [L Hz]]. pose proof (limit_fixed c z Hc Hz L) as Fz.
  assert (A : forall x, box n c r x -> converges n (fun j => iterate T j x) z).
  { destruct orbits_approach as [k [Hk H]]. intros x Hx i Hi.
    apply is_lim_seq_ext with (fun j => (iterate T j x i - iterate T j c i) + iterate T j c i); [intros;
      ring|].
    replace (Finite (z i)) with (Finite (0 + z i)) by (f_equal; ring). apply is_lim_seq_plus'; [|now apply L].
    apply limit_squeeze with (fun j => k ^ j * (2 * r i)); [intros j; now apply H|].
    replace (Finite 0) with (Rbar_mult 0 (2 * r i)) by (simpl; f_equal; ring).
    apply is_lim_seq_scal_r, is_lim_seq_geom. rewrite Rabs_pos_eq; lra. }
  exists z. repeat split; auto. intros x Hx Fx i Hi. destruct contraction_factor as [k [Hk H]].
  assert (B : forall j l, (l < n)%nat -> Rabs (x l - z l) <= k ^ j * 2 * r l).
  { induction j as [|j IH]; intros l Hl.
    - simpl. replace (x l - z l) with ((x l - c l) - (z l - c l)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. specialize (Hx l Hl). specialize (Hz l Hl).
      lra.
    - rewrite <- (Fx l Hl), <- (Fz l Hl). simpl. rewrite Rmult_assoc with (r1 := k). now apply H. }
  assert (C : is_lim_seq (fun _ : nat => x i - z i) 0).
  { apply limit_squeeze with (fun j => k ^ j * (2 * r i)); [intros j; rewrite <- Rmult_assoc; now apply B|].
    replace (Finite 0) with (Rbar_mult 0 (2 * r i)) by (simpl; f_equal; ring).
    apply is_lim_seq_scal_r, is_lim_seq_geom. rewrite Rabs_pos_eq; lra. }
  apply is_lim_seq_unique in C. rewrite Lim_seq_const in C. injection C. lra.
Qed.
End Contraction.
