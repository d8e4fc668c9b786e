(** Exactly one zero in a box: the Newton map with a preconditioner contracts.

    [F] has the Jacobian [J] on the box with centre [c] and half widths [r]; [A] is a matrix near [J c]^-1.
    If [|I - A J| <= K] on the box and [|A F(c)| + K r < r], then [F] has exactly one zero in the box, and it
    lies inside. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian banach dominance.
Open Scope R_scope.

(** A map that contracts about the centre, and moves it little, maps the box into its interior. *)
Lemma maps_inside n c r (K : mat) T :
  (forall i, (i < n)%nat -> 0 < r i) -> (forall i j, (i < n)%nat -> (j < n)%nat -> 0 <= K i j) ->
  (forall x y i, box n c r x -> box n c r y -> (i < n)%nat ->
    Rabs (T y i - T x i) <= sum n (fun j => K i j * Rabs (y j - x j))) ->
  forall x i b, box n c r x -> (i < n)%nat -> Rabs (T c i - c i) + sum n (fun j => K i j * r j) < b ->
  Rabs (T x i - c i) < b.
Proof.
  intros Hr HK H x i b Hx Hi Hb. replace (T x i - c i) with ((T x i - T c i) + (T c i - c i)) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang|].
  assert (L : Rabs (T x i - T c i) <= sum n (fun j => K i j * r j)); [|lra].
  eapply Rle_trans; [apply H; auto; now apply box_centre; intros; apply Rlt_le, Hr|].
  apply sum_mult_le; auto.
Qed.

Theorem exactly_one_zero n c r (A K : mat) F J :
  (forall i, (i < n)%nat -> 0 < r i) ->
  jacobian n n (box n c r) F J ->
  (forall x i j, box n c r x -> (i < n)%nat -> (j < n)%nat -> Rabs (delta i j - mm n A (J x) i j) <= K i j) ->
  (forall i, (i < n)%nat -> Rabs (mv n A (F c) i) + sum n (fun j => K i j * r j) < r i) ->
  injective n A ->
  exists x, inside n c r x /\ (forall i, (i < n)%nat -> F x i = 0) /\
    (forall y, box n c r y -> (forall i, (i < n)%nat -> F y i = 0) -> eqv n y x).
Proof.
  intros Hr HJ HK Hc HA. set (T := fun x i => x i - mv n A (F x) i).
  assert (C : box n c r c) by (apply box_centre; intros; now apply Rlt_le, Hr).
  assert (K0 : forall i j, (i < n)%nat -> (j < n)%nat -> 0 <= K i j).
  { intros i j Hi Hj. eapply Rle_trans; [apply Rabs_pos | now apply (HK c)]. }
  assert (L : forall x y i, box n c r x -> box n c r y -> (i < n)%nat ->
      Rabs (T y i - T x i) <= sum n (fun j => K i j * Rabs (y j - x j))).
  { intros x y i Hx Hy Hi. apply (mean_value n n (box n c r) T (fun x i j => delta i j - mm n A (J x) i j) K);
    auto.
    - apply box_convex.
    - now apply jacobian_newton. }
  assert (I : forall x, box n c r x -> inside n c r (T x)).
  { intros x Hx i Hi. apply (maps_inside n c r K T); auto. unfold T at 1.
    replace (c i - mv n A (F c) i - c i) with (- mv n A (F c) i) by ring. rewrite Rabs_Ropp. now apply Hc. }
  destruct (banach n c r K T) as [z [Hz [Fz [Uz _]]]]; auto.
  - intros i Hi. specialize (Hc i Hi). pose proof (Rabs_pos (mv n A (F c) i)). lra.
  - intros x Hx. now apply inside_box, I.
  - exists z. split; [intros i Hi; rewrite <- (Fz i Hi); now apply I|]. split.
    + apply HA. intros i Hi. specialize (Fz i Hi). unfold T in Fz. lra.
    + intros y Hy Zy. apply Uz; [exact Hy|]. intros i Hi. unfold T. rewrite mv_zero by exact Zy. ring.
Qed.
