(** Programs as maps of R^n, in the words of formal/theory: their Jacobians along curves, gradients and ascent
   steps. *)
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals Lra Lia List ZArith.
From Interval Require Import Xreal.
From Hallucert.theory Require Import vectors jacobian minimizer sam gradients.
From Hallucert.tapes Require Import tape relations reals.
Import ListNotations.
Open Scope R_scope.

(** The first n entries of a vector as a list, and a list as a vector: the one passage between the two. *)
Definition list_of (n : nat) (x : vec) : list R := map x (seq 0 n).
Definition vec_of (l : list R) : vec := fun i => nth i l 0.

Lemma nth_list_of n x i : (i < n)%nat -> nth i (list_of n x) 0 = x i.
Proof.
intros H. unfold list_of. rewrite nth_indep with (d' := x 0%nat); [|now rewrite map_length, seq_length].
rewrite map_nth, seq_nth by exact H. reflexivity.
Qed.

Lemma list_of_ext n x y : eqv n x y -> list_of n x = list_of n y.
Proof. intros E. apply map_ext_in. intros i H. apply in_seq in H. apply E. lia. Qed.

Lemma list_of_vec_of n l : length l = n -> list_of n (vec_of l) = l.
Proof.
intros H. apply (nth_ext _ _ 0 0); [unfold list_of; now rewrite map_length, seq_length|].
intros i Hi. rewrite nth_list_of; [reflexivity|]. unfold list_of in Hi.
now rewrite map_length, seq_length in Hi.
Qed.

(** A program over every algebra, and its parametricity. *)
Definition program := forall A, algebra A -> list A -> list A.
Definition parametric (P : program) := forall A B (R : A -> B -> Prop) a b xs ys,
  compatible R a b -> Forall2 R xs ys -> Forall2 R (P A a xs) (P B b ys).

(** The map of R^n that a program computes. *)
Definition meaning (P : program) (n : nat) (x : vec) : vec := vec_of (P R reals (list_of n x)).

(** Its value with all partial derivatives, where they are defined, and its Jacobian. *)
Definition derivatives (P : program) (n : nat) (x : vec) (i : nat) : ExtendedR * list ExtendedR :=
  nth i (P _ (dual extended) (seed extended (map Xreal (list_of n x)))) (zero (dual extended)).
Definition jac (P : program) (n : nat) (x : vec) : mat :=
  fun i j => proj_val (nth j (snd (derivatives P n x i)) (Xreal 0)).

(** A dual number without undefined parts. *)
Definition is_real (x : ExtendedR) := x = Xreal (proj_val x).
Definition smooth (x : ExtendedR * list ExtendedR) := is_real (fst x) /\ Forall is_real (snd x).

Lemma real_list l : Forall is_real l -> l = map Xreal (map proj_val l).
Proof. intros H; induction H; simpl; congruence. Qed.

(** Coordinate directions combine to the speed of the coordinate. *)
Lemma combination_unit i w ds : unit extended i = map Xreal ds -> combination ds w = nth i w 0.
Proof.
revert w ds; induction i as [|i I]; intros w ds E; destruct ds as [|d ds]; try discriminate;
  injection E as E1 E2.
- subst d. destruct ds; [|discriminate]. destruct w; simpl; [reflexivity | ring].
- subst d. destruct w as [|v w]; simpl; [reflexivity|]. rewrite (I w ds E2). ring.
Qed.

Lemma combination_sum n ds w : combination ds (list_of n w) = sum n (fun j => nth j ds 0 * w j).
Proof.
revert ds w; induction n as [|n I]; intros ds w; [apply combination_nil|].
assert (S : forall m a, sum (S m) a = a 0%nat + sum m (fun j => a (S j))).
{ clear. induction m as [|m I]; intros a; simpl in *; [ring|]. rewrite I. ring. }
rewrite S. unfold list_of. simpl. rewrite <- seq_shift, map_map. destruct ds as [|d ds]; simpl.
- rewrite (sum_ext n _ (fun _ => 0)), sum_zero by (intros; ring). ring.
- specialize (I ds (fun j => w (Datatypes.S j))). unfold list_of in I. now rewrite I.
Qed.

(** The seed of a point follows every curve through it. *)
Lemma seed_along n c t dc : curve n c t dc ->
  Forall2 (derivative_along t (list_of n dc)) (seed extended (map Xreal (list_of n (c t))))
    (map (fun j s => c s j) (seq 0 n)).
Proof.
intros H. unfold seed, list_of. rewrite map_map.
enough (K : forall m i, (i + m <= n)%nat -> Forall2 (derivative_along t (list_of n dc))
  (seed_from extended i (map (fun j => Xreal (c t j)) (seq i m))) (map (fun j s => c s j) (seq i m)))
    by (apply K; lia).
induction m as [|m I]; intros i L; simpl; constructor; [|apply I; lia].
intros r [= <-]. split; [reflexivity|]. intros ds E. simpl in E. rewrite (combination_unit _ _ _ E).
rewrite nth_list_of by lia. apply H. lia.
Qed.

(** A program has its Jacobian wherever its derivatives are defined. *)
Theorem program_jacobian P n m (D : vec -> Prop) : parametric P ->
  (forall x i, D x -> (i < m)%nat -> smooth (derivatives P n x i)) -> jacobian n m D (meaning P n) (jac P n).
Proof.
intros HP HD c t dc Hc Hd i Hi. destruct (HD (c t) i Hd Hi) as [V S].
set (cs := map (fun j s => c s j) (seq 0 n)).
pose proof (HP _ _ _ _ _ _ _ (along_compatible t (list_of n dc)) (seed_along n c t dc Hc)) as L.
destruct (r_nth _ _ _ (along_compatible t (list_of n dc)) i _ _ L _ V) as [_ K].
specialize (K _ (real_list _ S)). rewrite combination_sum in K.
replace (sum n _) with (sum n (fun j => nth j (map proj_val (snd (derivatives P n (c t) i))) 0 * dc j)).
- revert K. apply is_derive_ext. intros s. unfold meaning, vec_of.
  assert (C : Forall2 (at_time s) cs (list_of n (c s))).
  { apply (r_map_same (at_time s)). reflexivity. }
  exact (r_nth _ _ _ (curves_reals s) i _ _ (HP _ _ _ _ _ _ _ (curves_reals s) C)).
- apply sum_ext. intros j _. unfold jac. f_equal. exact (map_nth proj_val _ (Xreal 0) j).
Qed.

(** The programs of a certificate. *)
Definition value_program (f : objective) : program := fun A a xs => [value a f xs].
Definition gradient_program (f : objective) : program := fun A a => gradient a f.
Definition ascent_program s rho f : program := fun A a => ascent a s rho f.
Definition shifted_program s rho f : program := fun A a => shifted_gradient a s rho f.

Lemma value_parametric f : parametric (value_program f).
Proof. intros A B R a b xs ys C H. constructor; [now apply (r_value R) | constructor]. Qed.
Lemma gradient_parametric f : parametric (gradient_program f).
Proof. intros A B R a b xs ys C H. now apply (r_gradient R). Qed.
Lemma ascent_parametric s rho f : parametric (ascent_program s rho f).
Proof. intros A B R a b xs ys C H. now apply (r_ascent R). Qed.
Lemma shifted_parametric s rho f : parametric (shifted_program s rho f).
Proof. intros A B R a b xs ys C H. now apply (r_shifted_gradient R). Qed.

(** The function of n variables that an objective means. *)
Definition function (f : objective) (n : nat) (x : vec) : R := value reals f (list_of n x).

Lemma gradient_length f xs : length (gradient reals f xs) = length xs.
Proof. unfold gradient, pad. now rewrite map_length, seq_length. Qed.

Lemma real_defined l : Forall2 defined_as (map Xreal l) l.
Proof. induction l; constructor; [now right | assumption]. Qed.

(** Where the derivatives are defined, they are those of the program over the reals. *)
Lemma jac_reals P n x i j : parametric P -> smooth (derivatives P n x i) ->
  jac P n x i j = nth j (snd (nth i (P _ (dual reals) (seed reals (list_of n x))) (zero (dual reals)))) 0.
Proof.
intros HP [_ S]. unfold jac.
assert (E : Forall2 (entrywise defined_as) (seed extended (map Xreal (list_of n x)))
  (seed reals (list_of n x))).
{ apply (r_seed_from defined_as); [apply extended_reals | apply real_defined]. }
pose proof (r_dual _ _ _ extended_reals) as CD.
destruct (r_nth _ _ _ CD i _ _ (HP _ _ _ _ _ _ _ CD E)) as [_ D]. fold (derivatives P n x i) in D.
pose proof (r_nth _ _ _ extended_reals j _ _ D) as N. change (zero extended) with (Xreal 0) in N.
assert (R : is_real (nth j (snd (derivatives P n x i)) (Xreal 0))).
{ destruct (nth_in_or_default j (snd (derivatives P n x i)) (Xreal 0)) as [M|M]; [|now rewrite M].
  rewrite Forall_forall in S. now apply S. }
destruct N as [N|N]; rewrite N in *; [discriminate | reflexivity].
Qed.

Lemma nth_map_seq {X} (f : nat -> X) n i z : (i < n)%nat -> nth i (map f (seq 0 n)) z = f i.
Proof.
intros H. rewrite nth_indep with (d' := f 0%nat) by now rewrite map_length, seq_length.
now rewrite map_nth, seq_nth.
Qed.

Lemma list_of_length n x : length (list_of n x) = n.
Proof. unfold list_of. now rewrite map_length, seq_length. Qed.

(** The gradient of a program is the derivative of its value, ... *)
Lemma smooth_gradient f n x j : smooth (derivatives (value_program f) n x 0%nat) -> (j < n)%nat ->
  jac (value_program f) n x 0%nat j = meaning (gradient_program f) n x j.
Proof.
intros S Hj. rewrite jac_reals by (auto using value_parametric).
unfold meaning, vec_of, gradient_program, gradient, pad. rewrite list_of_length.
now rewrite (nth_map_seq (fun i => nth i _ (zero reals))) by exact Hj.
Qed.

(** ... along every curve. *)
Definition smooth_at (f : objective) (n : nat) (x : vec) := smooth (derivatives (value_program f) n x 0%nat).

Lemma function_gradient f n (D : vec -> Prop) : (forall x, D x -> smooth_at f n x) ->
  gradient_on n D (function f n) (meaning (gradient_program f) n).
Proof.
intros H c t dc Hc Hd.
rewrite (sum_ext n _ (fun j => jac (value_program f) n (c t) 0%nat j * dc j))
  by (intros j Hj; rewrite smooth_gradient; [reflexivity | now apply H | exact Hj]).
apply (program_jacobian (value_program f) n 1 D (value_parametric f)); auto.
intros x i Hx Hi. replace i with 0%nat by lia. now apply H.
Qed.

(** The ascent step of a program is SAM's, with its gradient in place of that of the function. *)
Lemma ascent_length s rho f xs : length (ascent reals s rho f xs) = length xs.
Proof.
unfold ascent, axpy. rewrite map_length, combine_length.
destruct s; rewrite ?map_length, gradient_length; lia.
Qed.

Lemma nth_axpy s xs ds i : (i < length xs)%nat -> length ds = length xs ->
  nth i (axpy reals s xs ds) 0 = nth i xs 0 + s * nth i ds 0.
Proof.
intros Hi L. unfold axpy.
rewrite nth_indep with (d' := (fun p => fst p + s * snd p) (0, 0))
  by (rewrite map_length, combine_length; lia).
rewrite (map_nth (fun p => fst p + s * snd p)), combine_nth by easy. reflexivity.
Qed.

Lemma sum_from_zero_sum l : sum_from_zero reals l = sum (length l) (vec_of l).
Proof.
induction l as [|x l I] using rev_ind; [reflexivity|].
unfold sum_from_zero in *. rewrite fold_left_app, I, app_length, Nat.add_1_r. simpl. f_equal.
- apply sum_ext. intros i Hi. unfold vec_of. now rewrite app_nth1.
- unfold vec_of. now rewrite nth_middle.
Qed.

Lemma length2_norm l : length2 reals l = norm (length l) (vec_of l).
Proof.
unfold length2, norm. simpl. f_equal. rewrite sum_from_zero_sum, map_length. apply sum_ext. intros i Hi.
unfold vec_of. rewrite nth_indep with (d' := (fun x => x ^ 2) 0) by now rewrite map_length.
exact (map_nth (fun x => x ^ 2) l 0 i).
Qed.

(** Where SAM looks from x. *)
Definition looks_at (s : variant) : nat -> (vec -> R) -> R -> vec -> vec :=
  match s with Sam => ahead | Usam => ahead_unnormalized end.

Lemma looks_at_meaning s rho f n (D : vec -> Prop) x :
  gradient_on n D (function f n) (meaning (gradient_program f) n) -> extensional n D -> D x ->
  eqv n (looks_at s n (function f n) (to_real rho) x) (meaning (ascent_program s rho f) n x).
Proof.
intros G E Hx i Hi. set (g := gradient reals f (list_of n x)).
assert (L : length g = n) by (unfold g; now rewrite gradient_length, list_of_length).
unfold meaning at 1, vec_of, ascent_program, ascent. fold g.
rewrite nth_axpy; rewrite ?list_of_length; [|exact Hi|destruct s; now rewrite ?map_length].
rewrite nth_list_of by exact Hi. destruct s; simpl.
- rewrite (ahead_is n D _ _ G E) by assumption. do 2 f_equal.
  rewrite nth_indep with (d' := (fun y => y / length2 reals g) 0) by now rewrite map_length, L.
  rewrite (map_nth (fun y => y / length2 reals g)), length2_norm, L. reflexivity.
- rewrite (ahead_unnormalized_is n D _ _ G E) by assumption. reflexivity.
Qed.

(** The gradient where SAM looks is a program. *)
Lemma shifted_meaning s rho f n x :
  meaning (gradient_program f) n (meaning (ascent_program s rho f) n x) =
    meaning (shifted_program s rho f) n x.
Proof.
unfold meaning at 1 2, ascent_program. rewrite list_of_vec_of; [reflexivity|].
now rewrite ascent_length, list_of_length.
Qed.

Lemma jacobian_same n m (D : vec -> Prop) F G J :
  (forall x, F x = G x) -> jacobian n m D F J -> jacobian n m D G J.
Proof.
intros E H c t dc Hc Hd i Hi. apply (is_derive_ext (fun u => F (c u) i));
  [intros u; now rewrite E | now apply H].
Qed.

Lemma shifted_jacobian s rho f n (D : vec -> Prop) J :
  jacobian n n D (meaning (shifted_program s rho f) n) J ->
  jacobian n n D (fun x => meaning (gradient_program f) n (meaning (ascent_program s rho f) n x)) J.
Proof. apply jacobian_same. intros x. now rewrite shifted_meaning. Qed.

(** All partial derivatives of a program with as many outputs as inputs, row by row. *)
Definition rows {X} (n k : nat) (f : nat -> nat -> X) : list X :=
  concat (map (fun i => map (f i) (seq 0 n)) (seq 0 k)).
Definition slopes_program (P : program) : program := fun A a xs =>
  let d := P _ (dual a) (seed a xs) in
  rows (length xs) (length xs) (fun i j => nth j (snd (nth i d (zero (dual a)))) (zero a)).

Lemma rows_S {X} n k (f : nat -> nat -> X) : rows n (S k) f = rows n k f ++ map (f k) (seq 0 n).
Proof. unfold rows. rewrite seq_S, map_app, concat_app. simpl. now rewrite app_nil_r. Qed.

Lemma rows_length {X} n k (f : nat -> nat -> X) : length (rows n k f) = (k * n)%nat.
Proof. induction k as [|k I]; [reflexivity|]. rewrite rows_S, app_length, I, map_length, seq_length. lia. Qed.

Lemma nth_rows {X} n k (f : nat -> nat -> X) i j z : (i < k)%nat -> (j < n)%nat ->
  nth (i * n + j)%nat (rows n k f) z = f i j.
Proof.
intros Hi Hj. induction k as [|k I]; [lia|]. rewrite rows_S. destruct (Nat.eq_dec i k) as [->|N].
- rewrite app_nth2; rewrite rows_length; [|lia]. replace (k * n + j - k * n)%nat with j by lia.
  now apply nth_map_seq.
- rewrite app_nth1; [apply I; lia|]. rewrite rows_length. nia.
Qed.

Lemma slopes_parametric P : parametric P -> parametric (slopes_program P).
Proof.
intros HP A B R a b xs ys C H. pose proof (r_dual _ _ _ C) as CD. unfold slopes_program.
rewrite (Forall2_length _ _ _ H).
pose proof (HP _ _ _ _ _ _ _ CD (r_seed_from _ _ _ C 0 _ _ H)) as D. generalize (length ys) at 2 4. intros k.
induction k as [|k I]; [constructor|]. rewrite !rows_S. apply Forall2_app; [exact I|]. apply r_map_same.
intros j.
apply (r_nth _ _ _ C). now apply (r_nth _ _ _ CD).
Qed.

Lemma slopes_meaning P n x i j : parametric P -> smooth (derivatives P n x i) -> (i < n)%nat -> (j < n)%nat ->
  meaning (slopes_program P) n x (i * n + j)%nat = jac P n x i j.
Proof.
intros HP S Hi Hj. rewrite jac_reals by assumption. unfold meaning, vec_of, slopes_program.
rewrite list_of_length. now rewrite nth_rows.
Qed.
