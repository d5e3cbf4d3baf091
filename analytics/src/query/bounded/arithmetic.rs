//! `+`, `-` and `*` of whole numbers and decimals: a result beyond its type is an error, where the engine begins
//! again at the other end of the type.
//!
//! A chain such as `a + b * c - d` is one function from left to right, because each function that stands around
//! another makes planning slower. Floating-point numbers have no such end, and instants stay with the engine.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::CastOptions;
use datafusion::arrow::compute::kernels::numeric::{add, mul, sub};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr_common::datum::apply;

/// Whether an operator is one of those whose results the engine lets begin again.
pub(super) fn is_arithmetic(operator: Operator) -> bool {
    matches!(operator, Operator::Plus | Operator::Minus | Operator::Multiply)
}

/// Such an operation over exact numbers as a function that fails beyond their range; over others it stays as it is.
pub(super) fn replaced(binary: BinaryExpr, schema: &DFSchema) -> Transformed<Expr> {
    if !is_exact(&binary.left, schema) || !is_exact(&binary.right, schema) {
        return Transformed::no(Expr::BinaryExpr(binary));
    }
    let begun = chain(&binary.left).map(|chain| chain.operators.clone());
    let (mut operators, mut operands) = match (begun, *binary.left) {
        (Some(operators), Expr::ScalarFunction(call)) => (operators, call.args),
        (_, left) => (Vec::new(), vec![left]),
    };
    operators.push(binary.op);
    operands.push(*binary.right);
    let name = operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let twin = Arithmetic { name, operators, signature: Signature::user_defined(Volatility::Immutable) };
    let call = ScalarFunction::new_udf(Arc::new(ScalarUDF::from(twin)), operands);
    Transformed::yes(Expr::ScalarFunction(call))
}

/// A number beyond its type, as the engine says it.
pub(super) fn out_of_range() -> DataFusionError {
    DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow("a number beyond its type".to_owned())), None)
}

fn chain(expr: &Expr) -> Option<&Arithmetic> {
    match expr {
        Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Arithmetic>(),
        _ => None,
    }
}

/// Whether an expression is of whole numbers or decimals; one whose type nobody knows yet is not.
fn is_exact(expr: &Expr, schema: &DFSchema) -> bool {
    let is_exact = |data_type: DataType| data_type.is_integer() || data_type.is_decimal();
    chain(expr).is_some() || expr.get_type(schema).is_ok_and(is_exact)
}

/// Operations from left to right, one more operand than operators.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    /// The operators as `explain` shows them.
    name: String,
    operators: Vec<Operator>,
    signature: Signature,
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        &self.name
    }

    /// As the operators themselves call a column.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let mut operands = args.iter().map(|arg| arg.schema_name().to_string());
        let first = operands.next();
        let rest = self.operators.iter().zip(operands).flat_map(|(operator, operand)| [operator.to_string(), operand]);
        Ok(first.into_iter().chain(rest).collect::<Vec<_>>().join(" "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Each step brings its two operands to one type by itself.
    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [first, rest @ ..] = arg_types else { return plan_err!("arithmetic takes at least two numbers") };
        self.operators.iter().zip(rest).try_fold(first.clone(), |made, (operator, operand)| {
            BinaryTypeCoercer::new(&made, operator, operand).get_result_type()
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut operands = args.args.into_iter();
        let Some(first) = operands.next() else { return plan_err!("arithmetic takes at least two numbers") };
        let mut steps = self.operators.iter().zip(operands);
        let made = steps.try_fold(first, |made, (operator, operand)| step(&made, *operator, &operand))?;
        // What signed and unsigned numbers come to is made with a digit more than the planner foresees.
        let told = args.return_field.data_type();
        if made.data_type() == *told {
            return Ok(made);
        }
        made.cast_to(told, Some(&CastOptions { safe: false, ..CastOptions::default() })).map_err(|_| out_of_range())
    }
}

/// One operation over two columns or constants.
fn step(left: &ColumnarValue, operator: Operator, right: &ColumnarValue) -> Result<ColumnarValue> {
    let (left_type, right_type) = (left.data_type(), right.data_type());
    let (left_type, right_type) = BinaryTypeCoercer::new(&left_type, &operator, &right_type).get_input_types()?;
    let (left, right) = (left.cast_to(&left_type, None)?, right.cast_to(&right_type, None)?);
    let made = match operator {
        Operator::Plus => apply(&left, &right, add)?,
        Operator::Minus => apply(&left, &right, sub)?,
        _ => apply(&left, &right, mul)?,
    };
    // The bits of a decimal can hold more digits than its type has.
    if let DataType::Decimal128(precision, _) = made.data_type() {
        let decimals = made.to_array(1)?;
        decimals.as_primitive::<Decimal128Type>().validate_decimal_precision(precision).map_err(|_| out_of_range())?;
    }
    Ok(made)
}
