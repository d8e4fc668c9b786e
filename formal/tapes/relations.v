(** Parametricity: a relation between two algebras that their operations preserve is preserved by every
   program.

   This replaces a proof by induction for each reading of a tape: containment of reals in intervals,
   derivatives along curves and the meaning over the reals are such relations. *)
From Coq Require Import Arith ZArith List.
From Hallucert.tapes Require Import tape.
Import ListNotations.

Lemma Forall2_length {A B} (R : A -> B -> Prop) u v : Forall2 R u v -> length u = length v.
Proof. intros H; induction H; simpl; congruence. Qed.

Section Relation.
Context {A B : Type} (R : A -> B -> Prop).

Record compatible (a : algebra A) (b : algebra B) : Prop := Compatible {
  r_constant : forall c, R (constant a c) (constant b c);
  r_pi : R (pi a) (pi b);
  r_add : forall x y x' y', R x x' -> R y y' -> R (add a x y) (add b x' y');
  r_sub : forall x y x' y', R x x' -> R y y' -> R (sub a x y) (sub b x' y');
  r_mul : forall x y x' y', R x x' -> R y y' -> R (mul a x y) (mul b x' y');
  r_div : forall x y x' y', R x x' -> R y y' -> R (div a x y) (div b x' y');
  r_neg : forall x x', R x x' -> R (neg a x) (neg b x');
  r_power : forall x x' n, R x x' -> R (power a x n) (power b x' n);
  r_root : forall x x', R x x' -> R (root a x) (root b x');
  r_exponential : forall x x', R x x' -> R (exponential a x) (exponential b x');
  r_logarithm : forall x x', R x x' -> R (logarithm a x) (logarithm b x');
  r_sine : forall x x', R x x' -> R (sine a x) (sine b x');
  r_cosine : forall x x', R x x' -> R (cosine a x) (cosine b x');
  r_tangent : forall x x', R x x' -> R (tangent a x) (tangent b x')
}.

Context (a : algebra A) (b : algebra B) (C : compatible a b).
Notation RL := (Forall2 R).

Lemma r_zero : R (zero a) (zero b).
Proof. apply C. Qed.
Lemma r_one : R (one a) (one b).
Proof. apply C. Qed.

Lemma r_nth i u v : RL u v -> R (nth i u (zero a)) (nth i v (zero b)).
Proof. intros H; revert i; induction H; intros [|i]; simpl; auto using r_zero. Qed.

(** Relations and maps over lists. *)
Lemma r_map {X Y} (S : X -> Y -> Prop) (f : X -> A) (g : Y -> B) u v :
  (forall x y, S x y -> R (f x) (g y)) -> Forall2 S u v -> RL (map f u) (map g v).
Proof. intros H L; induction L; simpl; constructor; auto. Qed.

Lemma r_map_same {X} (f : X -> A) (g : X -> B) (l : list X) : (forall x, R (f x) (g x)) ->
  RL (map f l) (map g l).
Proof. intros H; induction l; simpl; constructor; auto. Qed.

Lemma r_combine u v u' v' : RL u u' -> RL v v' ->
  Forall2 (fun p q => R (fst p) (fst q) /\ R (snd p) (snd q)) (combine u v) (combine u' v').
Proof.
intros H; revert v v'; induction H; intros v v' K; [constructor|].
destruct K; simpl; constructor; auto.
Qed.

Lemma r_step xs xs' env env' o : RL xs xs' -> RL env env' -> R (step a xs env o) (step b xs' env' o).
Proof.
intros X E. pose proof (fun i => r_nth i _ _ E) as N. pose proof r_one.
destruct o; simpl; try destruct k; repeat (first [apply C | apply N | assumption]). now apply r_nth.
Qed.

Lemma r_run ops xs xs' : RL xs xs' -> RL (run a ops xs) (run b ops xs').
Proof.
intros X. enough (H : forall e e', RL e e' -> RL (fold_left (fun env o => env ++ [step a xs env o]) ops e)
  (fold_left (fun env o => env ++ [step b xs' env o]) ops e')) by (apply H; constructor).
induction ops as [|o ops I]; simpl; intros e e' H; [exact H|].
apply I, Forall2_app; [exact H|]. constructor; [now apply r_step | constructor].
Qed.

Lemma r_eval t xs xs' : RL xs xs' -> RL (eval a t xs) (eval b t xs').
Proof. intros X. apply r_map_same. intros i. now apply r_nth, r_run. Qed.

Lemma r_fold u v x y : RL u v -> R x y -> R (fold_left (add a) u x) (fold_left (add b) v y).
Proof. intros H; revert x y; induction H; simpl; intros; auto. apply IHForall2. now apply C. Qed.

Lemma r_total u v : RL u v -> R (total a u) (total b v).
Proof. intros []; simpl; [apply r_zero | now apply r_fold]. Qed.

Lemma r_sum_from_zero u v : RL u v -> R (sum_from_zero a u) (sum_from_zero b v).
Proof. intros H. apply r_fold; [exact H | apply r_zero]. Qed.

Lemma r_value f xs xs' : RL xs xs' -> R (value a f xs) (value b f xs').
Proof.
intros X. destruct f as [t|t n]; simpl; [now apply r_nth, r_eval|].
apply C; [|apply C; apply C]. apply r_total, (r_map R); [|now apply r_eval]. intros; now apply C.
Qed.

Lemma r_residuals f xs xs' : RL xs xs' -> RL (residuals a f xs) (residuals b f xs').
Proof. intros X. destruct f; simpl; [constructor | now apply r_eval]. Qed.

Lemma r_unit i : RL (unit a i) (unit b i).
Proof. induction i; simpl; constructor; auto; [apply r_one | apply r_zero]. Qed.

Lemma r_pad n u v : RL u v -> RL (pad a n u) (pad b n v).
Proof. intros H. apply r_map_same. intros i. now apply r_nth. Qed.

Lemma r_vadd u v u' v' : RL u u' -> RL v v' -> RL (vadd a u v) (vadd b u' v').
Proof.
intros H; revert v v'; induction H; intros v v' K; [exact K|].
destruct K; simpl; constructor; auto. now apply C.
Qed.

Lemma r_length2 u v : RL u v -> R (length2 a u) (length2 b v).
Proof. intros H. apply C, r_sum_from_zero, (r_map R); [|exact H]. intros; now apply C. Qed.

Lemma r_dot u v u' v' : RL u u' -> RL v v' -> R (dot a u v) (dot b u' v').
Proof.
intros H K. apply r_sum_from_zero. refine (r_map _ _ _ _ _ _ (r_combine _ _ _ _ H K)).
intros p q [P Q]. now apply C.
Qed.

Lemma r_axpy s s' u v u' v' : R s s' -> RL u u' -> RL v v' -> RL (axpy a s u v) (axpy b s' u' v').
Proof.
intros S H K. refine (r_map _ _ _ _ _ _ (r_combine _ _ _ _ H K)).
intros p q [P Q]. now repeat apply C.
Qed.

(** The relation between dual numbers, entry by entry. *)
Definition entrywise (x : A * list A) (y : B * list B) := R (fst x) (fst y) /\ RL (snd x) (snd y).

Lemma r_scale c c' u v : R c c' -> RL u v -> RL (scale a c u) (scale b c' v).
Proof. intros H. apply (r_map R). intros; now apply C. Qed.

Lemma r_opposite u v : RL u v -> RL (map (neg a) u) (map (neg b) v).
Proof. apply (r_map R). intros; now apply C. Qed.

Lemma r_integer k : R (integer a k) (integer b k).
Proof. apply C. Qed.

End Relation.

(** The dual numbers over related algebras are related. *)
Lemma r_dual {A B} (R : A -> B -> Prop) a b : compatible R a b -> compatible (entrywise R) (dual a) (dual b).
Proof.
intros C. pose proof (r_one R a b C) as O1. pose proof (r_integer R a b C) as I1.
pose proof (r_scale R a b C) as S. pose proof (r_vadd R a b C) as V. pose proof (r_opposite R a b C) as N.
assert (K : forall v v' c c' x x', R v v' -> R c c' -> entrywise R x x' ->
  entrywise R (chain a v c x) (chain b v' c' x')).
{ intros v v' c c' x x' H1 H2 [_ H3]. split; [exact H1 | now apply S]. }
constructor; try (intros; split; simpl; [now apply C | constructor]).
- intros x y x' y' [] []. split; simpl; [now apply C | now apply V].
- intros x y x' y' [] []. split; simpl; [now apply C | apply V; auto].
- intros x y x' y' [] []. split; simpl; [now apply C | apply V; auto].
- intros x y x' y' [] []. split; simpl; [now apply C|].
  apply (r_map R R); [intros; now apply C|]. apply V; auto. apply N, S; auto. now apply C.
- intros x x' []. split; simpl; [now apply C | now apply N].
- intros x x' n H. apply K; [apply C, H | | exact H].
  destruct n; [apply I1 | apply C; [apply I1 | apply C, H]].
- intros x x' H. apply K; [apply C, H | | exact H]. apply C; [exact O1|]. apply C; [apply I1 | apply C, H].
- intros x x' H. apply K; [apply C, H | apply C, H | exact H].
- intros x x' H. apply K; [apply C, H | apply C; [exact O1 | apply H] | exact H].
- intros x x' H. apply K; [apply C, H | apply C, H | exact H].
- intros x x' H. apply K; [apply C, H | apply C, C, H | exact H].
- intros x x' H. apply K; [apply C, H | apply C; [exact O1 | apply C, C, H] | exact H].
Qed.

(** Equations of a certificate are related. *)
Section Equations.
Context {A B : Type} (R : A -> B -> Prop) (a : algebra A) (b : algebra B) (C : compatible R a b).
Notation RL := (Forall2 R).

Lemma r_seed_from i xs xs' : RL xs xs' -> Forall2 (entrywise R) (seed_from a i xs) (seed_from b i xs').
Proof.
intros H; revert i; induction H; intros i; simpl; constructor; auto.
split; simpl; [assumption | now apply r_unit].
Qed.

Lemma r_gradient f xs xs' : RL xs xs' -> RL (gradient a f xs) (gradient b f xs').
Proof.
intros H. unfold gradient. rewrite (Forall2_length _ _ _ H). apply r_pad; [exact C|].
apply (r_value (entrywise R)); [now apply r_dual | now apply r_seed_from].
Qed.

Lemma r_ascent s rho f xs xs' : RL xs xs' -> RL (ascent a s rho f xs) (ascent b s rho f xs').
Proof.
intros H. pose proof (r_gradient f _ _ H) as G. apply r_axpy; [exact C | apply C | exact H|].
destruct s; [|exact G]. refine (r_map R R _ _ _ _ _ G). intros x y K. apply C; [exact K|].
now apply r_length2.
Qed.

Lemma r_shifted_gradient s rho f xs xs' : RL xs xs' -> RL (shifted_gradient a s rho f xs)
  (shifted_gradient b s rho f xs').
Proof. intros H. now apply r_gradient, r_ascent. Qed.

Lemma r_slice base rows z z' : RL z z' -> RL (on_slice a base rows z) (on_slice b base rows z').
Proof.
intros H. apply r_map_same. intros p. apply C; [apply C|]. apply r_dot; [exact C | | exact H].
apply r_map_same, C.
Qed.

Lemma r_shifted_residuals s rho f base rows z z' : RL z z' ->
  RL (shifted_residuals a s rho f base rows z) (shifted_residuals b s rho f base rows z').
Proof. intros H. now apply r_residuals, r_ascent, r_slice. Qed.
End Equations.
