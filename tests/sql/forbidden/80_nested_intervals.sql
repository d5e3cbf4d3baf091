-- expect: question-too-complex
select interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval interval 
