(** A gradient along curves is the vector of the partial derivatives, and depends on the [n] coordinates
    alone. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian sam minimizer.
Open Scope R_scope.

(** A set that does not look at further coordinates. Boxes are such. *)
Definition extensional (n : nat) (D : vec -> Prop) : Prop := forall x y, eqv n x y -> D x -> D y.

Lemma box_extensional n c r : extensional n (box n c r).
Proof. intros x y E H i Hi. rewrite <- (E i Hi). now apply H. Qed.

(** The curve [update x i] at [x i]. *)
Lemma update_eqv n x i : eqv n (update x i (x i)) x.
Proof. intros j _. unfold update. destruct (Nat.eqb_spec j i); congruence. Qed.

Lemma curve_update n x i t : curve n (update x i) t (fun j => delta i j).
Proof.
  intros j _. unfold update, delta. rewrite (Nat.eqb_sym i j). destruct (Nat.eqb j i).
  - apply derive_id.
  - apply derive_const.
Qed.

Section Gradient.
Variables (n : nat) (D : vec -> Prop) (f : vec -> R) (g : vec -> vec).
Hypothesis (Hf : gradient_on n D f g) (HD : extensional n D).

(** A curve that jumps at [t], in the further coordinates, from points like [x] to [y], sees the gradient at
    [y]. *)
Lemma gradient_jump x y c t dc : D x -> eqv n x y -> eqv n (c t) x -> curve n c t dc ->
  is_derive (fun s => f (c s)) t (sum n (fun j => g y j * dc j)).
Proof.
  intros Hx E Ec Hc. assert (Hy : D y) by now apply (HD x).
  pose (c' := fun s => if Req_EM_T s t then y else c s).
  assert (A : c' t = y) by (unfold c'; now destruct (Req_EM_T t t)).
  assert (V : forall s, eqv n (c' s) (c s)).
  { intros s i Hi. unfold c'. destruct (Req_EM_T s t) as [->|]; [|reflexivity].
    now rewrite (Ec i Hi), (E i Hi). }
  apply (is_derive_ext (fun s => f (c' s))).
  - intros s. unfold c'. destruct (Req_EM_T s t) as [->|]; [|reflexivity].
    apply (gradient_eqv n D f g); auto; [now apply (HD x); [apply eqv_sym|]|].
    apply eqv_trans with x; now apply eqv_sym.
  - rewrite <- A. apply Hf; [|now rewrite A]. intros j Hj.
    apply (is_derive_ext (fun s => c s j)); [intros s; symmetry; now apply V | now apply Hc].
Qed.

Lemma gradient_unique x y i : D x -> eqv n x y -> (i < n)%nat -> grad f x i = g y i.
Proof.
  intros Hx E Hi. unfold grad. apply is_derive_unique.
  replace (g y i) with (sum n (fun j => g y j * delta i j)).
  - apply (gradient_jump x); auto; [apply update_eqv | apply curve_update].
  - rewrite (sum_ext n _ (fun j => delta i j * g y j)) by (intros; ring). now apply sum_delta.
Qed.

Lemma gradient_is x i : D x -> (i < n)%nat -> grad f x i = g x i.
Proof. intros Hx. apply gradient_unique; [exact Hx | apply eqv_refl]. Qed.

Lemma gradient_differentiable x : D x -> differentiable n f x.
Proof.
  intros Hx c t dc Hc E. rewrite (sum_ext n _ (fun j => g x j * dc j)).
  - apply (gradient_jump x); auto. apply eqv_refl.
  - intros j Hj. now rewrite gradient_is.
Qed.

(** Where SAM looks from [x]. *)
Lemma ahead_is rho x : D x -> eqv n (ahead n f rho x) (fun i => x i + rho * (g x i / norm n (g x))).
Proof.
  intros Hx i Hi. unfold ahead. rewrite gradient_is by assumption. do 3 f_equal. unfold norm. f_equal.
  apply sum_ext. intros j Hj. now rewrite gradient_is.
Qed.

Lemma ahead_unnormalized_is rho x : D x -> eqv n (ahead_unnormalized n f rho x) (fun i => x i + rho * g x i).
Proof. intros Hx i Hi. unfold ahead_unnormalized. now rewrite gradient_is. Qed.
End Gradient.
