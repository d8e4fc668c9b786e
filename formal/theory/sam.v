(** The words of the theorems: gradient, the point SAM looks at, hallucinated points, minimizers, SAM's
    iteration.

    A theorem about a function is stated with these definitions and those of [vectors] alone: whoever does not
    trust this library reads them and nothing else of it. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors.
Open Scope R_scope.

(** The vector [x] with the entry [t] in place of [x i]. *)
Definition update (x : vec) (i : nat) (t : R) : vec := fun j => if Nat.eqb j i then t else x j.

(** The gradient: the vector of the partial derivatives. *)
Definition grad (f : vec -> R) (x : vec) : vec := fun i => Derive (fun t => f (update x i t)) (x i).

(** The curve [c] in R^n has the derivative [dc] at [t]. *)
Definition curve (n : nat) (c : R -> vec) (t : R) (dc : vec) : Prop :=
  forall j, (j < n)%nat -> is_derive (fun s => c s j) t (dc j).

(** [f] has the derivative [grad f x . c'] along every curve [c] through [x] that has a derivative [c']. *)
Definition differentiable (n : nat) (f : vec -> R) (x : vec) : Prop :=
  forall c t dc, curve n c t dc -> eqv n (c t) x ->
    is_derive (fun s => f (c s)) t (sum n (fun j => grad f x j * dc j)).

(** The Euclidean norm. *)
Definition norm (n : nat) (v : vec) : R := sqrt (sum n (fun i => v i ^ 2)).

(** Where SAM looks: [x + rho grad f(x) / |grad f(x)|], and without the normalization [x + rho grad f(x)]. *)
Definition ahead (n : nat) (f : vec -> R) (rho : R) (x : vec) : vec :=
  fun i => x i + rho * (grad f x i / norm n (grad f x)).
Definition ahead_unnormalized (n : nat) (f : vec -> R) (rho : R) (x : vec) : vec :=
  fun i => x i + rho * grad f x i.

(** A point where the gradient vanishes. *)
Definition critical (n : nat) (f : vec -> R) (x : vec) : Prop := forall i, (i < n)%nat -> grad f x i = 0.

(** [x] is no critical point of [f], but where SAM looks from there is one; [P x] is that point. *)
Definition hallucinated (n : nat) (f : vec -> R) (P : vec -> vec) (x : vec) : Prop :=
  ~ critical n f x /\ critical n f (P x).

(** Where SAM can be computed: [f] is differentiable at [x], with a gradient that is not zero, and where SAM
    looks from there. *)
Definition regular (n : nat) (f : vec -> R) (P : vec -> vec) (x : vec) : Prop :=
  ~ critical n f x /\ differentiable n f x /\ differentiable n f (P x).

(** Closer than [d] in every entry. *)
Definition near (n : nat) (d : R) (x y : vec) : Prop := forall i, (i < n)%nat -> Rabs (y i - x i) < d.

(** Local minimizers, strict ones, and maximizers. *)
Definition local_minimizer (n : nat) (f : vec -> R) (x : vec) : Prop :=
  exists d, 0 < d /\ forall y, near n d x y -> f x <= f y.
Definition strict_local_minimizer (n : nat) (f : vec -> R) (x : vec) : Prop :=
  exists d, 0 < d /\ forall y, near n d x y -> ~ eqv n y x -> f x < f y.
Definition local_maximizer (n : nat) (f : vec -> R) (x : vec) : Prop :=
  exists d, 0 < d /\ forall y, near n d x y -> f y <= f x.

(** A critical point which is neither. *)
Definition saddle (n : nat) (f : vec -> R) (x : vec) : Prop :=
  critical n f x /\ ~ local_minimizer n f x /\ ~ local_maximizer n f x.

(** A step of SAM with step size [eta]: [x - eta grad f(P x)]. *)
Definition sam_step (f : vec -> R) (P : vec -> vec) (eta : R) (x : vec) : vec :=
  fun i => x i - eta * grad f (P x) i.

(** [T] applied [k] times. *)
Fixpoint iterate (T : vec -> vec) (k : nat) (x : vec) : vec :=
  match k with O => x | S k => T (iterate T k x) end.

(** A sequence of vectors converges to [x], entry by entry. *)
Definition converges (n : nat) (u : nat -> vec) (x : vec) : Prop :=
  forall i, (i < n)%nat -> is_lim_seq (fun k => u k i) (x i).
