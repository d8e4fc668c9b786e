(** The checks over three interval arithmetics: doubles; floating-point numbers of any precision with the
   machine's integers; and the same with Coq's own integers, which needs no axiom about the machine and takes
   five times as long. *)
From Coq Require Import ZArith.
From Interval Require Import Float_full Specific_ops Specific_bigint Specific_stdz Primitive_ops.
From Hallucert.tapes Require Import claims sliced.

Module Doubles_intervals := FloatIntervalFull PrimitiveFloat.
Module Doubles := Claims Doubles_intervals.
Module Doubles_sliced := Sliced_check Doubles_intervals.
Definition double : PrimitiveFloat.precision := PrimitiveFloat.PtoP 53.

Module Bigint_floats := SpecificFloat BigIntRadix2.
Module Bigint_intervals := FloatIntervalFull Bigint_floats.
Module Bigints := Claims Bigint_intervals.
Module Bigints_sliced := Sliced_check Bigint_intervals.
Definition bits (p : positive) : Bigint_floats.precision := Bigint_floats.PtoP p.

Module Plain_floats := SpecificFloat StdZRadix2.
Module Plain_intervals := FloatIntervalFull Plain_floats.
Module Plain := Claims Plain_intervals.
Module Plain_sliced := Sliced_check Plain_intervals.
Definition plain (p : positive) : Plain_floats.precision := Plain_floats.PtoP p.
