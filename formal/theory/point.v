(** A hallucinated point of a function: the theorem, from what is checked by intervals.

    [g], [H] are the gradient and the Hessian of [f] as they are computed, [Q x] is the point where SAM looks
    from [x], computed with [g], and [J] is the Jacobian of [g (Q x)]. The conclusions speak of [f] alone, in
    the words of [sam]: [P] is [ahead n f rho] or [ahead_unnormalized n f rho]. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Hallucert.theory Require Import vectors jacobian banach dominance zero minimizer gradients descent.
Open Scope R_scope.

Section Point.
Variables (n : nat) (f : vec -> R) (g : vec -> vec) (H : vec -> mat) (P Q : vec -> vec).
(** The box of [x], and one that contains where SAM looks from there. *)
Variables (c r c' r' : vec).
Hypothesis r_pos : forall i, (i < n)%nat -> 0 < r i.
Hypothesis f_here : gradient_on n (box n c r) f g.
Hypothesis f_there : gradient_on n (box n c' r') f g.
Hypothesis g_nonzero : forall x, box n c r x -> exists i, (i < n)%nat /\ g x i <> 0.
Hypothesis P_is : forall x, box n c r x -> eqv n (P x) (Q x).
Hypothesis Q_there : forall x, box n c r x -> inside n c' r' (Q x).

Lemma P_there x : box n c r x -> inside n c' r' (P x).
Proof. intros Hx i Hi. rewrite (P_is x Hx i Hi). now apply Q_there. Qed.

(** In the box, hallucinated points are the zeros of [g (Q x)]. *)
Lemma hallucinated_zero x : box n c r x ->
  hallucinated n f P x <-> (forall i, (i < n)%nat -> g (Q x) i = 0).
Proof.
  intros Hx. assert (E : forall i, (i < n)%nat -> grad f (P x) i = g (Q x) i).
  { intros i Hi. apply (gradient_unique n (box n c' r')); auto.
    - apply box_extensional.
    - now apply inside_box, P_there. }
  split.
  - intros [_ Z] i Hi. rewrite <- E by exact Hi. now apply Z.
  - intros Z. split.
    + intros C. destruct (g_nonzero x Hx) as [i [Hi N]]. apply N. rewrite <- (C i Hi). symmetry.
      apply (gradient_is n (box n c r)); auto. apply box_extensional.
    + intros i Hi. rewrite E by exact Hi. now apply Z.
Qed.

(** Exactly one hallucinated point is in the box. *)
Theorem exactly_one (A K : mat) (J : vec -> mat) :
  jacobian n n (box n c r) (fun x => g (Q x)) J ->
  (forall x i j, box n c r x -> (i < n)%nat -> (j < n)%nat -> Rabs (delta i j - mm n A (J x) i j) <= K i j) ->
  (forall i, (i < n)%nat -> Rabs (mv n A (g (Q c)) i) + sum n (fun j => K i j * r j) < r i) ->
  injective n A ->
  exists x, inside n c r x /\ hallucinated n f P x /\
    (forall y, box n c r y -> hallucinated n f P y -> eqv n y x).
Proof.
  intros HJ HK Hc HA.
  destruct (exactly_one_zero n c r A K (fun x => g (Q x)) J) as [x [Hx [Zx Ux]]]; auto.
  exists x. split; [exact Hx|]. split; [apply hallucinated_zero; [now apply inside_box | exact Zx]|].
  intros y Hy Ny. apply Ux; [exact Hy|]. now apply hallucinated_zero.
Qed.

Section Target.
Hypothesis H_there : jacobian n n (box n c' r') g H.
Variable x : vec.
Hypothesis (x_here : inside n c r x) (x_zero : hallucinated n f P x).

Lemma target_critical i : (i < n)%nat -> g (P x) i = 0.
Proof.
  intros Hi. rewrite <- (gradient_is n (box n c' r') f g f_there (box_extensional n c' r')); auto.
  - now apply x_zero.
  - now apply inside_box, P_there, inside_box.
Qed.

(** Where SAM looks, there is a strict local minimizer if the Hessian is positive definite there. *)
Theorem target_minimizer : (forall y, box n c' r' y -> positive n (H y)) -> strict_local_minimizer n f (P x).
Proof.
  intros D. apply (is_strict_minimizer n c' r' f g H); auto;
    [now apply P_there, inside_box | exact target_critical].
Qed.

(** Then [x] is a strict local minimizer of what SAM minimizes, if it is the only hallucinated point of the
    box. *)
Theorem sam_minimizer :
  (forall y, box n c' r' y -> positive n (H y)) -> (forall y, box n c r y -> hallucinated n f P y ->
    eqv n y x) ->
  strict_local_minimizer n (fun y => f (P y)) x.
Proof.
  intros D U. destruct (inside_room n c r x x_here) as [d [Hd I]]. exists d. split; [exact Hd|].
  intros y Hy N. specialize (I y Hy). assert (Hx : box n c r x) by now apply inside_box.
  apply (smallest_value n (box n c' r') f g H (P x)); auto.
  - apply box_convex.
  - now apply inside_box, P_there.
  - exact target_critical.
  - now apply inside_box, P_there.
  - intros E. apply N, U; [exact I|]. apply hallucinated_zero; [exact I|]. intros i Hi.
    rewrite <- (gradient_unique n (box n c' r') f g f_there (box_extensional n c' r') (P y)); auto.
    + rewrite (gradient_unique n (box n c' r') f g f_there (box_extensional n c' r') (P y) (P x)); auto.
      * now apply target_critical.
      * now apply inside_box, P_there.
    + now apply inside_box, P_there.
Qed.

(** Where SAM looks, there is no local minimizer if one direction has negative curvature on the box there. *)
Theorem target_no_minimizer v : (forall y, box n c' r' y -> form n (H y) v < 0) ->
  ~ local_minimizer n f (P x).
Proof.
  intros D. apply (is_no_minimizer n c' r' f g H (P x) v); auto;
    [now apply P_there, inside_box | exact target_critical].
Qed.

Theorem target_saddle v w :
  (forall y, box n c' r' y -> form n (H y) v < 0) -> (forall y, box n c' r' y -> 0 < form n (H y) w) ->
  saddle n f (P x).
Proof.
  intros Dv Dw. split; [apply x_zero|]. split; [now apply (target_no_minimizer v)|].
  apply (is_no_maximizer n c' r' f g H (P x) w); auto;
    [now apply P_there, inside_box | exact target_critical].
Qed.
End Target.
End Point.

(** SAM with step size [eta] converges to the hallucinated point [z] from every start of a box. The box [q]
    about it has its own hypotheses; [D] is a set that contains where SAM looks from there. *)
Section Convergence.
Variables (n : nat) (f : vec -> R) (g : vec -> vec) (P Q : vec -> vec) (c r q start : vec) (D : vec -> Prop).
Variables (W V : mat) (J : vec -> mat) (eta k size : R).
Hypothesis f_there : gradient_on n D f g.
Hypothesis D_ext : extensional n D.
Hypothesis P_is : forall x, box n c q x -> eqv n (P x) (Q x).
Hypothesis Q_there : forall x, box n c q x -> D (Q x).
Hypothesis I : inverse n W V.
Hypothesis HJ : jacobian n n (box n c q) (fun x => g (Q x)) J.
Hypothesis k_less : k < 1.
Hypothesis contracts : forall x i, box n c q x -> (i < n)%nat ->
  sum n (fun j => Rabs (gram n (mm n W (mm n (fun i j => delta i j - eta * J x i j) V)) i j)) <= k.
Hypothesis reach : forall i, (i < n)%nat ->
  r i <= q i /\ square n (V i) * (size * size) <= (q i - r i) * (q i - r i).
Hypothesis starts : square n (fun i => sum n (fun j => Rabs (W i j) * (start j + r j))) <= size * size.

(** In the box [q], a step of SAM is one of the iteration that is known to converge. *)
Lemma shifted_is x i : box n c q x -> (i < n)%nat -> grad f (P x) i = g (Q x) i.
Proof.
  intros Hx Hi. apply (gradient_unique n D); auto. apply (D_ext (Q x)); [apply eqv_sym|]; auto.
Qed.

Lemma sam_orbit x : (forall j, box n c q (iterate (descent (fun x => g (Q x)) eta) j x)) ->
  forall j, eqv n (iterate (sam_step f P eta) j x) (iterate (descent (fun x => g (Q x)) eta) j x).
Proof.
  intros B j. induction j as [|j IH]; simpl; [apply eqv_refl|].
  assert (Bj : box n c q (iterate (sam_step f P eta) j x)).
  { now apply (box_extensional n c q _ _ (eqv_sym _ _ _ IH)). }
  apply eqv_trans with (descent (fun x => g (Q x)) eta (iterate (sam_step f P eta) j x)).
  - intros i Hi. unfold sam_step, descent. now rewrite shifted_is.
  - now apply (descent_eqv n (box n c q) (fun x => g (Q x)) J).
Qed.

Theorem sam_converges z : box n c r z -> hallucinated n f P z ->
  forall x, box n c start x -> converges n (fun j => iterate (sam_step f P eta) j x) z /\
    forall j, box n c q (iterate (sam_step f P eta) j x).
Proof.
  intros Hz [_ Zz] x Hx. assert (G : forall i, (i < n)%nat -> g (Q z) i = 0).
  { intros i Hi. rewrite <- shifted_is; [now apply Zz | | exact Hi].
    intros l Hl. destruct (reach l Hl). specialize (Hz l Hl). lra. }
  destruct (descent_converges n c r q start W V (fun x => g (Q x))
    J eta k size z I HJ k_less contracts reach Hz G
    starts x Hx) as [L B].
  split.
  - intros i Hi. apply is_lim_seq_ext with (2 := L i Hi). intros j. symmetry. now apply sam_orbit.
  - intros j. apply (box_extensional n c q) with (2 := B j). now apply eqv_sym, sam_orbit.
Qed.
End Convergence.
