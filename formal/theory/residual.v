(** A sum of squares: a hallucinated point on a slice, where all residuals vanish.

    [f >= 0] is a multiple of [r_0^2 + ... + r_{m-1}^2], so that a point [P x] where the residuals vanish is
    a global minimizer. The unknown is [s] in R^m, on the slice [x = b + B s]. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian dominance zero sam minimizer gradients.
Open Scope R_scope.

(** The point of the slice with the coordinates [s]. *)
Definition slice (m : nat) (b : vec) (B : mat) (s : vec) : vec := fun i => b i + sum m (fun j => B i j * s j).

(** Zero is the smallest value that [f] has. *)
Definition zero_is_least (f : vec -> R) : Prop := forall x, 0 <= f x.

Section Residual.
Variables (m : nat) (f : vec -> R) (res : vec -> vec) (P Q : vec -> vec) (b : vec) (B : mat) (r : vec).
Let S : vec -> vec := slice m b B.
Let box_s : vec -> Prop := box m (fun _ => 0) r.
Hypothesis r_pos : forall j, (j < m)%nat -> 0 < r j.
Hypothesis f_squares : forall x, 0 <= f x /\ (f x = 0 <-> forall i, (i < m)%nat -> res x i = 0).

(** [Q] is [P], computed, as far as the residuals can tell. *)
Hypothesis P_is : forall s i, box_s s -> (i < m)%nat -> res (P (S s)) i = res (Q (S s)) i.

Theorem exactly_one_on_slice (A K : mat) (J : vec -> mat) :
  jacobian m m box_s (fun s => res (Q (S s))) J ->
  (forall s i j, box_s s -> (i < m)%nat -> (j < m)%nat -> Rabs (delta i j - mm m A (J s) i j) <= K i j) ->
  (forall i, (i < m)%nat ->
    Rabs (mv m A (res (Q (S (fun _ => 0)))) i) + sum m (fun j => K i j * r j) < r i) ->
  injective m A ->
  exists s, inside m (fun _ => 0) r s /\ f (P (S s)) = 0 /\
    (forall s', box_s s' -> f (P (S s')) = 0 -> eqv m s' s).
Proof.
  intros HJ HK Hc HA.
  destruct (exactly_one_zero m (fun _ => 0) r A K (fun s => res (Q (S s))) J) as [s [Hs [Zs Us]]]; auto.
  assert (Bs : box_s s) by now apply inside_box.
  exists s. split; [exact Hs|]. split.
  - apply f_squares. intros i Hi. rewrite P_is by assumption. now apply Zs.
  - intros s' Bs' Zs'. apply Us; [exact Bs'|]. intros i Hi. rewrite <- P_is by assumption.
    destruct (f_squares (P (S s'))) as [_ E]. now apply E.
Qed.
End Residual.
