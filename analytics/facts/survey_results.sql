-- One row per published cell of a survey wave: organisation and team, by question and component.
--
-- The whole set of cells is decided at once. A cell needs `survey_k` answers (R1); a team is also
-- withheld when the rest of the organisation would otherwise be a group of fewer (R2, R3); a small
-- group in which all answers fall into one class is withheld too, also where it is what subtracting
-- the published teams would leave (R4). Withheld cells have neither value nor count. Only 0 to 10 questions whose id begins with `nps` are scored here.
-- `suppression` is none, threshold (R1), complementary (R2, R3, R4) or homogeneous (R4). Where a question names no
-- component, `component_id` is `platform`: the platform as a whole is meant, and no component.
with answers as (
    select survey, wave, question_id, question_version, coalesce(component_id, 'platform') as component_id,
        coalesce(segments['team'], '') as team, value, submitted_on
    from observed.survey_responses
    where part_of is null and not is_deleted and value is not null and not is_partial and question_id like 'nps%'
),
waves as (
    -- a wave belongs to the day of its last answer, and is closed when that is over
    select survey, wave, max(submitted_on) as last_day from answers group by survey, wave
),
counted as (
    select survey, wave, question_id, question_version, component_id, team,
        count(*) as answers,
        count(*) filter (where value >= 9) as promoters,
        count(*) filter (where value <= 6) as detractors
    from answers
    group by survey, wave, question_id, question_version, component_id, team
),
judged as (
    select counted.*,
        case
            -- answers without a team are a group that is never published
            when team = '' then 'nobody'
            when answers < settings.survey_k then 'threshold'
            when answers < 2 * settings.survey_k
                and (promoters = answers or detractors = answers or promoters + detractors = 0) then 'homogeneous'
        end as reason
    from counted
    cross join settings
),
ordered as (
    select judged.*,
        row_number() over (
            partition by survey, wave, question_id, question_version, component_id
            order by case when reason is null then 1 else 0 end, answers, team
        ) as place
    from judged
),
below as (
    select survey, wave, question_id, question_version, component_id,
        count(*) as withheld,
        sum(answers) as withheld_answers,
        sum(promoters) as withheld_promoters,
        sum(detractors) as withheld_detractors
    from ordered
    where reason is not null
    group by survey, wave, question_id, question_version, component_id
),
teams as (
    select ordered.survey, ordered.wave, ordered.question_id, ordered.question_version, ordered.component_id,
        'team' as segment_kind, ordered.team as segment, ordered.answers, ordered.promoters, ordered.detractors,
        case
            when ordered.reason is not null then ordered.reason
            -- one small group alone, or several that together are small or of one mind, could be found by subtraction
            when below.withheld is not null and ordered.place = below.withheld + 1
                and (below.withheld = 1 or below.withheld_answers < settings.survey_k
                    or (below.withheld_answers < 2 * settings.survey_k
                        and (below.withheld_promoters = below.withheld_answers or below.withheld_detractors = below.withheld_answers
                            or below.withheld_promoters + below.withheld_detractors = 0))) then 'complementary'
            else 'none'
        end as suppression
    from ordered
    cross join settings
    left join below on below.survey = ordered.survey and below.wave = ordered.wave
        and below.question_id = ordered.question_id and below.question_version = ordered.question_version
        and below.component_id = ordered.component_id
    where ordered.team <> ''
),
organisation as (
    select survey, wave, question_id, question_version, component_id, 'organisation' as segment_kind,
        settings.organisation as segment, sum(answers) as answers, sum(promoters) as promoters, sum(detractors) as detractors,
        case
            when sum(answers) < settings.survey_k then 'threshold'
            when sum(answers) < 2 * settings.survey_k and (sum(promoters) = sum(answers) or sum(detractors) = sum(answers)
                or sum(promoters) + sum(detractors) = 0) then 'homogeneous'
            else 'none'
        end as suppression
    from counted
    cross join settings
    group by survey, wave, question_id, question_version, component_id, settings.organisation, settings.survey_k
),
cells as (
    select * from teams
    union all
    select * from organisation
)
select cells.survey, cells.wave, cells.question_id, cells.question_version, cells.component_id,
    cells.segment_kind, cells.segment, 'nps' as statistic,
    case when suppression = 'none' then 100.0 * (promoters - detractors) / answers end as value,
    case when suppression = 'none' then nps_low(promoters, answers, detractors) end as low,
    case when suppression = 'none' then nps_high(promoters, answers, detractors) end as high,
    case when suppression = 'none' then answers end as answers,
    case when suppression = 'none' then promoters end as promoters,
    case when suppression = 'none' then detractors end as detractors,
    suppression, waves.last_day as day
from cells
join waves on waves.survey = cells.survey and waves.wave = cells.wave
