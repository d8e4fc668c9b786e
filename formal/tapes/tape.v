(** Tapes as data, and what they compute over any algebra: reals, curves, intervals, dual numbers.

   Everything that is evaluated for a certificate (the function, its gradient, SAM's equation) is a
   program over an arbitrary algebra, so that one theorem of parametricity, in [relations], serves all of its
   readings. *)
From Coq Require Import Arith ZArith List Reals.
Import ListNotations.

(** [Dyadic m e] is m * 2^e; [Ratio p q] is p / q. *)
Inductive number := Dyadic (m e : Z) | Ratio (p : Z) (q : positive).

(** A node names the earlier nodes that it reads by their numbers. *)
Inductive node :=
  | Var (i : nat) | Const (c : number) | Pi
  | Add (a b : nat) | Sub (a b : nat) | Mul (a b : nat) | Div (a b : nat) | Neg (a : nat)
  | Pow (a : nat) (k : Z) | Rpow (a : nat) (p : Z) (q : positive)
  | Exp (a : nat) | Log (a : nat) | Sqrt (a : nat) | Sin (a : nat) | Cos (a : nat) | Tanh (a : nat)
  | Softplus (a : nat).

Record tape := Tape { nodes : list node; outputs : list nat }.

(** [Formula t]: the first output of [t]. [Squares t n]: |r|^2 / (2 n) for the outputs r of [t]. *)
Inductive objective := Formula (t : tape) | Squares (t : tape) (n : number).

Inductive variant := Sam | Usam.

Record algebra (A : Type) := Algebra {
  constant : number -> A;
  pi : A;
  add : A -> A -> A;
  sub : A -> A -> A;
  mul : A -> A -> A;
  div : A -> A -> A;
  neg : A -> A;
  power : A -> nat -> A;
  root : A -> A;
  exponential : A -> A;
  logarithm : A -> A;
  sine : A -> A;
  cosine : A -> A;
  tangent : A -> A  (* hyperbolic *)
}.
Arguments Algebra {A}.
Arguments constant {A}. Arguments pi {A}. Arguments add {A}. Arguments sub {A}. Arguments mul {A}.
Arguments div {A}.
Arguments neg {A}. Arguments power {A}. Arguments root {A}. Arguments exponential {A}.
Arguments logarithm {A}.
Arguments sine {A}. Arguments cosine {A}. Arguments tangent {A}.

Section Programs.
Context {A : Type} (a : algebra A).

Definition integer (k : Z) : A := constant a (Ratio k 1).
Definition zero : A := integer 0.
Definition one : A := integer 1.

(** The value of a node, given the inputs and the values of the earlier nodes. *)
Definition step (xs env : list A) (o : node) : A :=
  let v i := nth i env zero in
  match o with
  | Var i => nth i xs zero
  | Const c => constant a c
  | Pi => pi a
  | Add i j => add a (v i) (v j)
  | Sub i j => sub a (v i) (v j)
  | Mul i j => mul a (v i) (v j)
  | Div i j => div a (v i) (v j)
  | Neg i => neg a (v i)
  | Pow i k => match k with
               | Zneg n => div a one (power a (v i) (Pos.to_nat n))
               | _ => power a (v i) (Z.to_nat k)
               end
  | Rpow i p q => exponential a (mul a (constant a (Ratio p q)) (logarithm a (v i)))
  | Exp i => exponential a (v i)
  | Log i => logarithm a (v i)
  | Sqrt i => root a (v i)
  | Sin i => sine a (v i)
  | Cos i => cosine a (v i)
  | Tanh i => tangent a (v i)
  | Softplus i => logarithm a (add a one (exponential a (v i)))
  end.

Definition run (ops : list node) (xs : list A) : list A :=
  fold_left (fun env o => env ++ [step xs env o]) ops [].

(** The outputs of a tape. *)
Definition eval (t : tape) (xs : list A) : list A :=
  let env := run (nodes t) xs in map (fun o => nth o env zero) (outputs t).

(** The sum of a list from the left: ((x0 + x1) + x2) + ... *)
Definition total (l : list A) : A :=
  match l with [] => zero | x :: xs => fold_left (add a) xs x end.

(** The value of an objective. *)
Definition value (f : objective) (xs : list A) : A :=
  match f with
  | Formula t => nth 0 (eval t xs) zero
  | Squares t n =>
      div a (total (map (fun r => power a r 2) (eval t xs))) (mul a (integer 2) (constant a n))
  end.

(** The residuals of a sum of squares. *)
Definition residuals (f : objective) (xs : list A) : list A :=
  match f with Formula _ => [] | Squares t _ => eval t xs end.

(** (0, ..., 0, 1) with i zeros. *)
Definition unit (i : nat) : list A := repeat zero i ++ [one].

(** The first n entries of a vector; missing ones are zero. *)
Definition pad (n : nat) (l : list A) : list A := map (fun i => nth i l zero) (seq 0 n).

(** Sum of two vectors; missing entries are zero. *)
Fixpoint vadd (u v : list A) : list A :=
  match u, v with
  | x :: u', y :: v' => add a x y :: vadd u' v'
  | [], _ => v
  | _, [] => u
  end.

(** 0 + x0 + x1 + ..., and the norm of a vector. *)
Definition sum_from_zero (l : list A) : A := fold_left (add a) l zero.
Definition length2 (l : list A) : A := root a (sum_from_zero (map (fun x => power a x 2) l)).

(** The sum of u_i v_i. *)
Definition dot (u v : list A) : A := sum_from_zero (map (fun p => mul a (fst p) (snd p)) (combine u v)).

(** x + scale * direction, entry by entry. *)
Definition axpy (s : A) (xs ds : list A) : list A :=
  map (fun p => add a (fst p) (mul a s (snd p))) (combine xs ds).
End Programs.

(** Dual numbers: a value with its derivatives in several directions; missing derivatives are zero. *)
Section Dual.
Context {A : Type} (a : algebra A).
Notation D := (A * list A)%type.

Definition scale (c : A) (l : list A) : list A := map (fun d => mul a d c) l.

(** A function with value v at x and derivative c there. *)
Definition chain (v c : A) (x : D) : D := (v, scale c (snd x)).

Definition dual : algebra D := {|
  constant c := (constant a c, []);
  pi := (pi a, []);
  add x y := (add a (fst x) (fst y), vadd a (snd x) (snd y));
  sub x y := (sub a (fst x) (fst y), vadd a (snd x) (map (neg a) (snd y)));
  mul x y := (mul a (fst x) (fst y), vadd a (scale (fst y) (snd x)) (scale (fst x) (snd y)));
  div x y := let q := div a (fst x) (fst y) in
    (q, map (fun d => div a d (fst y)) (vadd a (snd x) (map (neg a) (scale q (snd y)))));
  neg x := (neg a (fst x), map (neg a) (snd x));
  power x n := chain (power a (fst x) n)
    (match n with O => zero a | S m => mul a (integer a (Z.of_nat n)) (power a (fst x) m) end) x;
  root x := let r := root a (fst x) in chain r (div a (one a) (mul a (integer a 2) r)) x;
  exponential x := let e := exponential a (fst x) in chain e e x;
  logarithm x := chain (logarithm a (fst x)) (div a (one a) (fst x)) x;
  sine x := chain (sine a (fst x)) (cosine a (fst x)) x;
  cosine x := chain (cosine a (fst x)) (neg a (sine a (fst x))) x;
  tangent x := let t := tangent a (fst x) in chain t (sub a (one a) (power a t 2)) x
|}.

(** The inputs xs, numbered from i, with the coordinate directions. *)
Fixpoint seed_from (i : nat) (xs : list A) : list D :=
  match xs with [] => [] | x :: xs' => (x, unit a i) :: seed_from (S i) xs' end.
Definition seed (xs : list A) : list D := seed_from 0 xs.
End Dual.

(** The programs of a certificate. *)
Section Equations.
Context {A : Type} (a : algebra A).

Definition gradient (f : objective) (xs : list A) : list A :=
  pad a (length xs) (snd (value (dual a) f (seed a xs))).

(** The ascent step: x + rho g / |g|, or x + rho g. *)
Definition ascent (s : variant) (rho : number) (f : objective) (xs : list A) : list A :=
  let g := gradient f xs in
  let d := match s with
           | Sam => let q := length2 a g in map (fun x => div a x q) g
           | Usam => g
           end in
  axpy a (constant a rho) xs d.

(** The gradient at the point that the ascent step leads to. *)
Definition shifted_gradient s rho f xs : list A := gradient f (ascent s rho f xs).

(** The point base + S z of a slice, S given by rows. *)
Definition on_slice (base : list number) (rows : list (list number)) (z : list A) : list A :=
  map (fun p => add a (constant a (fst p)) (dot a (map (constant a) (snd p)) z)) (combine base rows).

(** The residuals at the point that the ascent step leads to. *)
Definition shifted_residuals s rho f base rows (z : list A) : list A :=
  residuals a f (ascent s rho f (on_slice base rows z)).
End Equations.
